/** Where somebody who waits for a person stands in line, in words. No DOM. */

const ROUNDED = 15; // minutes: a longer wait is told in steps of five
const LONG = 90; // minutes: a longer one in hours

/** What a `queue` frame, or the hand-off itself, says: {position, minutes, isOpen, opensAt}. Nonsense becomes null. */
function placeOf({ position, wait_s: wait, open, opens_at: opens }) {
  const opensAt = new Date(opens ?? NaN);
  return {
    position: Number.isInteger(position) && position > 0 ? position : null,
    minutes: Number.isFinite(wait) && wait >= 0 ? rounded(wait / 60) : null,
    isOpen: open !== false,
    opensAt: Number.isNaN(opensAt.getTime()) ? null : opensAt,
  };
}

function rounded(minutes) {
  return minutes > ROUNDED ? Math.ceil(minutes / 5) * 5 : Math.ceil(minutes);
}

export class Place {
  #place = null;
  #told = null;

  take(frame) {
    this.#place = placeOf(frame);
  }

  clear() {
    this.#place = null;
    this.#told = null;
  }

  get isKnown() {
    return this.#place !== null;
  }

  words(texts, dates, now = new Date()) {
    const { position, minutes, isOpen, opensAt } = this.#place ?? placeOf({});
    if (!isOpen) return opensAt > now ? texts.backAt(dates.soon(opensAt, now)) : texts.away;
    const line = texts.inLine(position);
    if (minutes === null) return line;
    const wait = minutes >= LONG ? { hours: Math.round(minutes / 60) } : { minutes };
    return `${line} · ${texts.wait(wait)}`;
  }

  /** True once for what is worth saying aloud: the first word, opening and closing, half as many ahead, being next. */
  isNews() {
    const place = this.#place;
    if (!place || !this.#isWorthTelling(place)) return false;
    this.#told = place;
    return true;
  }

  #isWorthTelling({ position, isOpen }) {
    if (!this.#told || this.#told.isOpen !== isOpen) return true;
    return isOpen && position !== null && position <= (this.#told.position ?? Infinity) / 2;
  }
}
