/** Why a command of the operator was refused. */
export type OperatorErrorReason = 'not_found' | 'invalid' | 'exists' | 'ambiguous';

/** A refusal of something that an operator asked for on the command line; the message says what to do about it. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly reason: OperatorErrorReason;

  constructor(reason: OperatorErrorReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
