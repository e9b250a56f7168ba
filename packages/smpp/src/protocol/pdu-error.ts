/** A PDU that cannot be read or written. */
export class PduError extends Error {
  override readonly name = 'PduError';
  /** The `command_status` that tells the peer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
