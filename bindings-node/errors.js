'use strict';

/** Rolebridge's errors: one class for each kind of what the one who meets it has to do. See index.d.ts. */
class RolebridgeError extends Error {
  /** `thrown` holds the cause itself, where it is known as more than words. */
  constructor(failure, thrown) {
    // The hint is part of the message too: many loggers write message and stack alone.
    const message = failure.hint ? `${failure.message}\nhint: ${failure.hint}` : failure.message;
    super(message, thrown ? { cause: thrown.value } : causeOf(failure.causes));
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

function errorFrom(failure, thrown) {
  const error = new (classes[failure.kind] ?? InternalError)(failure, thrown);
  Error.captureStackTrace(error, errorFrom);
  return error;
}

/** The same error with a remark in its first sentence. */
function withRemark(error, remark) {
  const { kind, step, status, code, field, hint } = error;
  const message = error.message.split('\nhint: ')[0];
  const causes = [];
  for (let cause = error.cause; cause; cause = cause.cause) causes.push(cause.message);
  return errorFrom({ kind, step, status, code, field, hint, causes, message: `${message} (${remark})` });
}

/** Runs a call of native code. What is thrown there is a panic or a complaint of N-API, and so a fault of ours. */
function guarded(call) {
  try {
    return call();
  } catch (cause) {
    const error = errorFrom({
      kind: 'internal',
      step: 'config',
      message: `the native part of Rolebridge failed: ${cause.message}`,
      hint: 'report it to the maintainers of Rolebridge, with this message and what the program called',
      causes: [cause.message],
    });
    Error.captureStackTrace(error, guarded);
    throw error;
  }
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
  guarded,
  withRemark,
};
