-- For wrk: asks for stored lists of random users, and checks each answer: the user's own items, of
-- the first or the second time that lists were sent.
local threads = {}
users, first, second = 0, 0, 0
wrong, sample = 0, ""

function setup(thread)
   table.insert(threads, thread)
end

function init(args)
   users = tonumber(args[1])
   math.randomseed(tonumber(args[2]))
end

function request()
   return wrk.format("GET", "/v1/users/u" .. math.random(0, users - 1) .. "/recommendations")
end

function response(status, headers, body)
   local user = string.match(body, '"user":"u(%d+)"')
   local items = {}
   for item in string.gmatch(body, '"item":"([^"]+)"') do
      table.insert(items, item)
   end
   local made = items[1] and string.sub(items[1], 1, 1)
   local right = status == 200 and user and #items == 3 and (made == "a" or made == "b")
   for at = 1, 3 do
      right = right and items[at] == made .. user .. "-" .. at
   end
   if right and made == "a" then first = first + 1 end
   if right and made == "b" then second = second + 1 end
   if not right then
      wrong = wrong + 1
      sample = status .. " " .. string.sub(body, 1, 300)
   end
end

function done(summary, latency, requests)
   local sums = { wrong = 0, first = 0, second = 0 }
   for _, thread in ipairs(threads) do
      for name in pairs(sums) do
         sums[name] = sums[name] + thread:get(name)
      end
      if thread:get("wrong") > 0 then io.stderr:write(thread:get("sample"), "\n") end
   end
   local errors = summary.errors
   io.write(string.format(
      'TOLD {"answers":%d,"first":%d,"second":%d,"wrong":%d,"connect":%d,"read":%d,"write":%d,' ..
      '"timeout":%d,"status":%d,"p99_ms":%.3f}\n', summary.requests, sums.first, sums.second,
      sums.wrong, errors.connect, errors.read, errors.write, errors.timeout, errors.status,
      latency:percentile(99) / 1000))
end
