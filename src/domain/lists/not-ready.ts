/** Why a list is not shown yet. */

/** Ends the reading of a list that is still being made, such as after an update of the program. */
export class ListsNotReady extends Error {
  constructor(left: number, size: number) {
    const share = Math.floor((100 * (size - left)) / size);
    super(
      `The lists are being made from the log: ${share}% of its ${size} entries are read. Open the page again in a moment.`,
    );
    this.name = "ListsNotReady";
  }
}
