'use strict';

/*
 * Headers that every major of google-auth-library can read. Major 9 makes an object of them and reads members; 10 and 11
 * make `Headers` and call its methods. A client of one copy may be used by another copy, so what it gives can be read in
 * both ways: an object with the methods for reading, or `Headers` with members.
 */

/** Methods of `Headers` for reading, on an object whose members are the headers. */
const readers = Object.create(Object.prototype);
const methods = {
  *entries() {
    for (const name of Object.keys(this)) yield [name.toLowerCase(), this[name]];
  },
  *keys() {
    for (const [name] of this.entries()) yield name;
  },
  *values() {
    for (const [, value] of this.entries()) yield value;
  },
  forEach(callback, self) {
    for (const [name, value] of this.entries()) callback.call(self, value, name, this);
  },
  get(wanted) {
    for (const [name, value] of this.entries()) if (name === String(wanted).toLowerCase()) return value;
    return null;
  },
  has(wanted) {
    return this.get(wanted) !== null;
  },
  [Symbol.iterator]() {
    return this.entries();
  },
};
// Not enumerable: who copies the members copies headers and nothing else.
for (const name of Reflect.ownKeys(methods)) {
  Object.defineProperty(readers, name, { value: methods[name], writable: true, configurable: true });
}

/** An object of headers that can be read as `Headers` too. Its prototype has `Object.prototype` above it, and no more. */
function readableObject(headers) {
  return Object.assign(Object.create(readers), headers);
}

/**
 * `Headers` of which a logger that writes JSON sees as little as of any others, and a `for … in` the headers alone. Made
 * for a library that makes some: to name the global loads a module that takes longer than all of this package.
 */
let QuietHeaders;

/** Loads what {@link shaped} needs for a library that makes `Headers`. */
function loadHeaders() {
  QuietHeaders ??= makeQuiet();
}

function makeQuiet() {
  const quiet = class extends Headers {
    // Spelt out: a constructor that hands on whatever it is given takes longer.
    // biome-ignore lint/complexity/noUselessConstructor: as said.
    constructor(headers) {
      super(headers);
    }

    toJSON() {
      return {};
    }
  };
  for (const [name, method] of Object.entries(Object.getOwnPropertyDescriptors(Headers.prototype))) {
    if (method.enumerable) Object.defineProperty(quiet.prototype, name, { ...method, enumerable: false });
  }
  return quiet;
}

/** Headers that the library made, readable in both ways. */
function shaped(headers) {
  if (typeof headers.forEach !== 'function') return readableObject(headers);
  loadHeaders();
  return Object.assign(new QuietHeaders(headers), Object.fromEntries(headers));
}

/** Another of {@link shaped} ones, to be spoilt by who gets it. `names` are those of its members. */
function copyOf(headers, names) {
  if (Object.getPrototypeOf(headers) === readers) return readableObject(headers);
  const copy = new QuietHeaders(headers);
  for (const name of names) copy[name] = headers[name];
  return copy;
}

/** Headers of whatever class as the plain object that every major takes. */
function plain(headers) {
  return typeof headers?.forEach === 'function' ? Object.fromEntries(headers.entries()) : headers;
}

module.exports = { copyOf, loadHeaders, plain, readableObject, shaped };
