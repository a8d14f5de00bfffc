const { default: Sequencer } = require("@jest/test-sequencer");

/** What the others stand on comes first: the install, then the mesh, then what restarts and kills. */
const first = ["cluster/install", "cluster/policy", "cluster/saga", "mesh/"];
/** Installs another variant, and takes all away in the end. */
const last = "cluster/brokers";
const rank = ({ path }) => {
  if (path.includes(`/test/${last}`)) return first.length + 1;
  const found = first.findIndex((part) => path.includes(`/test/${part}`));
  return found === -1 ? first.length : found;
};

module.exports = class extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
  }
};
