/** How deliveries ended, as tests write it down. */

import type { Delivery } from "../../src/ledger/queue/deliveries.ts";
import type { End, Failure } from "../../src/ledger/queue/ends.ts";

/** These deliveries were done. */
export function ended(deliveries: readonly Pick<Delivery, "arrival">[], note: string): readonly End[] {
  return deliveries.map(({ arrival }) => ({ of: "delivery", arrival, as: "done", note }));
}

/** This delivery failed. */
export function failed({ arrival }: Pick<Delivery, "arrival">, failure: Failure): readonly End[] {
  return [{ of: "delivery", arrival, ...failure }];
}
