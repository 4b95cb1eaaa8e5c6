-- What wrk sends: one kind of request, with many tokens in turn. All are written before the first
-- is sent. Arguments: method, path, file of tokens, how many of them, file of the body ("" for none),
-- and how many numbers the path has for its {n}, in turn.
-- At the end one line of JSON says what wrk measured; times are in microseconds.

local requests = {}
local at = 0

function init(args)
  local method, path, tokens, count, body = args[1], args[2], args[3], tonumber(args[4]), args[5]
  local numbers = tonumber(args[6])
  local content, known = nil, {}
  if body ~= "" then
    local file = assert(io.open(body, "rb"))
    content = file:read("*a")
    file:close()
  end
  for token in io.lines(tokens) do
    known[#known + 1] = token
    if #known == count then
      break
    end
  end
  for turn = 0, math.max(#known, numbers) - 1 do
    local headers = {
      ["X-Auth-Token"] = known[turn % #known + 1],
      ["OpenStack-API-Version"] = "placement 1.39",
      ["Accept"] = "application/json"
    }
    if content then
      headers["Content-Type"] = "application/json"
    end
    local target = path:gsub("{n}", string.format("%012d", turn % numbers))
    requests[#requests + 1] = wrk.format(method, target, headers, content)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "bytes": %d, "p50": %.1f, "p90": %.1f, "p99": %.1f, ' ..
    '"refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50), latency:percentile(90), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
