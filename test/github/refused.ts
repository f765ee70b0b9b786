/** A refusal as GitHub words it; thrown by whatever changes the world, answered by the routes with `status`, and by `act` as `refused`. */
export class Refused extends Error {
  readonly status: number;
  /** Entries of the answer's `errors`, where GitHub gives any. */
  readonly errors: readonly unknown[];

  constructor(status: number, message: string, errors: readonly unknown[] = []) {
    super(message);
    this.name = "Refused";
    this.status = status;
    this.errors = errors;
  }
}
