-- What wrk sends, and what came of it as the last line that it prints: answers, seconds, failures, and the milliseconds
-- within which 99 of 100 were answered.
--
--   wrk … --script=bench/ask.lua ADDRESS -- signup         people sign up, each another
--   wrk … --script=bench/ask.lua ADDRESS -- page [DELAY]   who looks at a page does so again, so many milliseconds later

local threads = 0

function setup(thread)
	threads = threads + 1
	thread:set("thread", threads)
end

-- One body for all kinds of servers, which take of it what they know.
local function sign_up()
	local run, number = os.time(), 0
	wrk.method = "POST"
	wrk.headers["Content-Type"] = "application/json"
	function request()
		number = number + 1
		return wrk.format(nil, nil, nil, string.format(
			'{"name": "Ada Lovelace", "email": "%d.%d.%d@example.com", "password": "correct horse battery staple"}', run, thread, number))
	end
end

function init(arguments)
	if arguments[1] == "signup" then
		sign_up()
	elseif arguments[2] then
		function delay()
			return tonumber(arguments[2])
		end
	end
end

function done(summary, latency)
	local errors = summary.errors
	print(string.format("%d %.6f %d %.3f", summary.requests - errors.status, summary.duration / 1e6,
		errors.status + errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(99) / 1e3))
end
