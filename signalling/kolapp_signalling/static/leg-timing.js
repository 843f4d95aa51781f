// @ts-check
/** How long a leg waits for what. */

/** Durations in ms. */
export const LEG_TIMING = Object.freeze({
  connect_within_ms: 8_000, // from the offer to connected
  disconnected_grace_ms: 2_500, // a short radio gap mends itself; the browser's "failed" comes late
  lost_grace_ms: 2_000, // the node's word "lost" may be older than the leg we have just made
  retired_ms: 2_000, // a replaced connection's last picture stands so long at most
  repair_base_ms: 500,
  repair_cap_ms: 5_000,
  stats_every_ms: 1_000,
});

/** Durations in ms, for who waits for a silence: looks are cheap while packets of media come. */
export const SILENCE_TIMING = Object.freeze({ look: 200, quiet: 400, silent: 1_000 });
