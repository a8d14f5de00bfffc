const { default: Sequencer } = require("@jest/test-sequencer");

/** What the others stand on comes first: the install, then the mesh, then what restarts and kills. */
const order = ["cluster/install", "cluster/policy", "cluster/saga", "mesh/"];
const rank = ({ path }) => {
  const found = order.findIndex((part) => path.includes(`/test/${part}`));
  return found === -1 ? order.length : found;
};

module.exports = class extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
  }
};
