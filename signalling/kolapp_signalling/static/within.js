// @ts-check
/**
 * Rejects when nothing has come in time: a promise of somebody else's may never settle.
 * @template T
 * @param {number} ms @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export function within(ms, promise) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("It did not come in time.")), ms);
  });
  return Promise.race([promise, /** @type {Promise<T>} */ (late)]).finally(() => clearTimeout(timer));
}
