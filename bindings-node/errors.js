'use strict';

/** Rolebridge's errors: one class for each kind of what the one who meets it has to do. See index.d.ts. */
class RolebridgeError extends Error {
  constructor(failure) {
    super(failure.message, causeOf(failure.causes));
    for (const name of ['kind', 'step', 'status', 'code', 'field', 'hint']) {
      if (failure[name] !== undefined && failure[name] !== null) this[name] = failure[name];
    }
  }
}

class ConfigError extends RolebridgeError {}
class IdentityError extends RolebridgeError {}
class RefusedError extends RolebridgeError {}
class UnavailableError extends RolebridgeError {}
class MalformedError extends RolebridgeError {}
class InternalError extends RolebridgeError {}

const classes = {
  config: ConfigError,
  identity: IdentityError,
  refused: RefusedError,
  unavailable: UnavailableError,
  malformed: MalformedError,
  internal: InternalError,
};

for (const errorClass of [RolebridgeError, ...Object.values(classes)]) {
  Object.defineProperty(errorClass.prototype, 'name', { value: errorClass.name, configurable: true, writable: true });
}

/** Messages, the nearest first, as the chain that `cause` makes of them. */
function causeOf(messages) {
  return messages.reduceRight((options, message) => ({ cause: new Error(message, options) }), undefined);
}

function errorFrom(failure) {
  const error = new (classes[failure.kind] ?? InternalError)(failure);
  Error.captureStackTrace(error, errorFrom);
  return error;
}

module.exports = {
  RolebridgeError,
  ConfigError,
  IdentityError,
  RefusedError,
  UnavailableError,
  MalformedError,
  InternalError,
  errorFrom,
};
