'use strict';

/* How `util.inspect` shows an object of ours: as one of Node's own, with the members that may be seen. */

const { inspect } = require('node:util');

/** `depth` and `options` are what `util.inspect.custom` is given. Members without a value are left out. */
function shown(name, members, depth, options) {
  if (depth < 0) return options.stylize(`[${name}]`, 'special');
  const present = Object.entries(members).filter(([, value]) => value !== undefined);
  const inner = options.depth === null || options.depth === undefined ? options.depth : options.depth - 1;
  return `${name} ${inspect(Object.fromEntries(present), { ...options, depth: inner })}`;
}

module.exports = { shown };
