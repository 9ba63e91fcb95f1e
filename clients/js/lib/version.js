// The version of this package.
'use strict';

const { version } = require('../package.json');

/** Whether a version such as `0.1.0` comes before another. */
function isOlder(one, other) {
  const [left, right] = [one, other].map((text) => text.split(/[-+]/)[0].split('.').map(Number));
  const at = left.findIndex((number, index) => number !== right[index]);
  return at >= 0 && left[at] < (right[at] ?? 0);
}

module.exports = { version, isOlder };
