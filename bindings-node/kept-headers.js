'use strict';

/*
 * Headers in the shape that a copy of google-auth-library makes them: an object in major 9, `Headers` after it. The latter
 * with members of an object too, since a client may be used by another copy, of major 9, which takes those and would
 * send a request without a token.
 */

/**
 * `Headers` of which a logger that writes JSON sees as little as of any others. Made when a library has made some: to name
 * the global loads a module that takes longer than all of this package.
 */
let QuietHeaders;

function makeQuiet() {
  return class extends Headers {
    // Spelt out: a constructor that hands on whatever it is given takes longer.
    // biome-ignore lint/complexity/noUselessConstructor: as said.
    constructor(headers) {
      super(headers);
    }

    toJSON() {
      return {};
    }
  };
}

/** Headers that the library made, with what is said above. */
function shaped(headers) {
  if (typeof headers.forEach !== 'function') return { ...headers };
  QuietHeaders ??= makeQuiet();
  return Object.assign(new QuietHeaders(headers), Object.fromEntries(headers));
}

/** Another of {@link shaped} ones, to be spoilt by who gets it. `names` are those of its members. */
function copyOf(headers, names) {
  if (typeof headers.forEach !== 'function') return { ...headers };
  const copy = new QuietHeaders(headers);
  for (const name of names) copy[name] = headers[name];
  return copy;
}

module.exports = { copyOf, shaped };
