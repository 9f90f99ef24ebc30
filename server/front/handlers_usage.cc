// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <map>

#include "engine/base/codes.h"
#include "schema/json/json_text.h"
#include "server/front/call.h"
#include "server/front/handlers.h"

namespace lockstep {
namespace {

constexpr double million = 1e6;
constexpr int cost_digits = 9;  // behind the point: a token of the cheapest models has seven

// A day of UTC, `YYYY-MM-DD`, as days since 1970.
std::optional<std::uint32_t> parse_day(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-dd";
  if (text.size() != form.size()) return {};
  std::array<int, 3> numbers{};
  std::size_t number = 0;
  for (std::size_t at = 0; at < form.size(); ++at) {
    if (form[at] == '-') {
      if (text[at] != '-') return {};
      ++number;
    } else if (text[at] >= '0' && text[at] <= '9') {
      numbers[number] = numbers[number] * 10 + (text[at] - '0');
    } else {
      return {};
    }
  }
  const std::chrono::year_month_day day{std::chrono::year(numbers[0]),
                                        std::chrono::month(static_cast<unsigned>(numbers[1])),
                                        std::chrono::day(static_cast<unsigned>(numbers[2]))};
  const auto days = std::chrono::sys_days(day).time_since_epoch().count();
  if (!day.ok() || days < 0) return {};
  return static_cast<std::uint32_t>(days);
}

struct UsageAsked {
  std::optional<ThreadName> thread;
  UsageSpan span;
};

std::expected<UsageAsked, Problem> read_usage_call(const Call& call) {
  Query query(call);
  UsageAsked asked;
  std::optional<std::string_view> wrong;
  if (const auto thread = query.text("thread")) {
    if (!is_id(*thread)) wrong = "thread";
    asked.thread = ThreadName{call.user, ThreadId(*thread)};
  }
  const auto read_day = [&](std::string_view name, std::uint32_t& to) {
    const auto text = query.text(name);
    if (!text) return;
    const auto day = parse_day(*text);
    if (!day) wrong = name;
    to = day.value_or(to);
  };
  read_day("from", asked.span.from);
  read_day("until", asked.span.to);
  if (auto problem = query.problem()) return std::unexpected(std::move(*problem));
  if (!wrong) return asked;
  const std::string name(*wrong);
  return std::unexpected(make_problem(
      codes::invalid,
      name == "thread" ? "`thread` must be an id: 1 to 128 characters of A-Z a-z 0-9 . _ : -."
                       : "`" + name + "` must be a day: YYYY-MM-DD.",
      "?" + name));
}

double cost_of(const UsageCounts& counts, const TokenPrice& price) {
  const auto times = [](std::uint64_t tokens, double amount) {
    return static_cast<double>(tokens) * amount / million;
  };
  return times(counts.input - counts.cached, price.input) +
         times(counts.cached, price.cached_input.value_or(price.input)) +
         times(counts.output, price.output);
}

std::string amount_text(double amount) {
  std::array<char, 64> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), amount,
                                          std::chars_format::fixed, cost_digits);
  std::string written = error == std::errc() ? std::string(text.data(), end) : std::string("0.0");
  while (written.ends_with('0')) written.pop_back();
  if (written.ends_with('.')) written.pop_back();
  return written;
}

void append_counts(std::string& out, const UsageCounts& counts) {
  append_field_number(out, "runs", counts.runs);
  append_field_number(out, "input_tokens", counts.input);
  append_field_number(out, "cached_tokens", counts.cached);
  append_field_number(out, "output_tokens", counts.output);
}

using Costs = std::map<std::string, double>;  // by currency

std::string agents_text(const UsageMap& by_agent, const std::vector<AgentFace>& faces,
                        Costs& costs) {
  std::string text = "[";
  for (const auto& [key, counts] : by_agent) {
    if (text.size() > 1) text += ',';
    text += '{';
    append_field(text, "agent", key.agent.get());
    append_counts(text, counts);
    const auto face = std::ranges::find(faces, key.agent, &AgentFace::name);
    if (face != faces.end() && face->price) {
      const double cost = cost_of(counts, *face->price);
      costs[face->price->currency] += cost;
      append_field_json(text, "cost", amount_text(cost));
      append_field(text, "currency", face->price->currency);
    }
    text += '}';
  }
  return text += ']';
}

}  // namespace

void get_usage(Front& front, Call call, Respond respond) {
  const auto asked = read_usage_call(call);
  if (!asked) return refuse(respond, asked.error());
  const auto by_agent = front.engine.usage(call.user, asked->thread, asked->span);
  if (!by_agent) return refuse(respond, by_agent.error());
  UsageCounts total;
  for (const auto& [key, counts] : *by_agent) total += counts;
  Costs costs;
  const std::string agents =
      agents_text(*by_agent, front.agents ? front.agents() : std::vector<AgentFace>(), costs);
  std::string body = "{";
  append_name(body, "total");
  body += '{';
  append_counts(body, total);
  append_name(body, "costs");
  append_array(body, costs, [](std::string& out, const auto& cost) {
    out += '{';
    append_field(out, "currency", cost.first);
    append_field_json(out, "amount", amount_text(cost.second));
    out += '}';
  });
  body += '}';
  append_field_json(body, "agents", agents);
  respond(json_response(body += '}'));
}

}  // namespace lockstep
