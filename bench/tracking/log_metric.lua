-- wrk: POST runs/log-metric, round the runs of RUNS (comma-separated ids), a new step each time.
local runs = {}
for id in string.gmatch(os.getenv("RUNS"), "[^,]+") do runs[#runs + 1] = id end
local count = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

function request()
  count = count + 1
  local run = runs[count % #runs + 1]
  return wrk.format(nil, nil, nil, string.format(
    '{"run_id": "%s", "key": "loss", "value": %.6f, "timestamp": %d, "step": %d}', run, math.random(), 1700000000000 + count, count))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
