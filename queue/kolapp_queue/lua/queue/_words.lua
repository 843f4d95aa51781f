-- In front of every script after `_commit`: what an operator says or orders, as an event of the
-- queue without a ticket. `word` is what everybody who waits reads, '' for none.

local function write_order(name, operator, unit, word, until_ms)
  local version = announce()
  redis.call('XADD', EVENTS, '*', 'e', cmsgpack.pack({
    step = name,
    ms = now,
    version = version,
    role = 'operator',
    actor = operator,
    unit = unit,
    reason = word,
    until_ms = until_ms,
  }))
end
