const { default: Sequencer } = require("@jest/test-sequencer");

/**
 * Suites that start a whole system take minutes, all others seconds: begun first, they never leave one worker alone with
 * the last of them. Among themselves as jest does it, by what they took last time or by their size.
 */
const isLong = ({ path }) => /\.(mesh|system)\.test\.ts$/.test(path);

module.exports = class extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
