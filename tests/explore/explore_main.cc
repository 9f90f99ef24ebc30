// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>

#include "tests/explore/calls.h"
#include "tests/explore/explorer.h"

// lockstep-explore: every world of two fronts and a producer, up to a depth or a time; with --calls
// every world of answers, decisions and claims around tool calls.

namespace lockstep::explore {
namespace {

struct Options {
  Bounds bounds;
  Limits limits{64, 0};
  bool json = false;
  bool calls = false;
  CallsBounds calls_bounds;
};

void tell(const Progress& progress) {
  std::fprintf(stderr, "depth %u: %llu worlds, %llu transitions, %.1f s\n", progress.depth,
               static_cast<unsigned long long>(progress.worlds),
               static_cast<unsigned long long>(progress.transitions), progress.seconds);
}

using Rows = std::vector<std::pair<std::string, std::uint64_t>>;

Rows actions_of(const Counts& counts) {
  Rows rows;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    rows.emplace_back(name_of(static_cast<Kind>(kind)), counts.actions[kind]);
  }
  return rows;
}

Rows outcomes_of(const Counts& counts) { return {counts.outcomes.begin(), counts.outcomes.end()}; }

void print_rows(const char* title, const Rows& rows) {
  std::printf("%s\n", title);
  for (const auto& [name, count] : rows) {
    std::printf("  %-28s %14llu\n", name.c_str(), static_cast<unsigned long long>(count));
  }
}

void print_json_rows(const char* title, const Rows& rows) {
  std::printf(",\"%s\":{", title);
  for (std::size_t at = 0; at < rows.size(); ++at) {
    std::printf("%s\"%s\":%llu", at == 0 ? "" : ",", rows[at].first.c_str(),
                static_cast<unsigned long long>(rows[at].second));
  }
  std::printf("}");
}

void print_json(const Progress& progress) {
  std::printf("{\"depth\":%u,\"worlds\":%llu,\"open\":%llu,\"transitions\":%llu,\"seconds\":%.1f",
              progress.depth, static_cast<unsigned long long>(progress.worlds),
              static_cast<unsigned long long>(progress.open),
              static_cast<unsigned long long>(progress.transitions), progress.seconds);
}

void print_json(const Explorer& explorer, const std::optional<Counterexample>& found) {
  print_json(explorer.progress());
  print_json_rows("actions", actions_of(explorer.counts()));
  print_json_rows("outcomes", outcomes_of(explorer.counts()));
  if (found) {
    std::printf(",\"broken\":\"%s\",\"path\":[", found->what.c_str());
    for (std::size_t at = 0; at < found->path.size(); ++at) {
      std::printf("%s\"%s\"", at == 0 ? "" : ",", describe(found->path[at]).c_str());
    }
    std::printf("]");
  }
  std::printf("}\n");
}

void print(const Progress& progress) {
  std::printf("depth %u %s\n", progress.depth,
              progress.open == 0 ? "and nothing lies beyond it" : "is complete");
  std::printf("worlds %llu, of which %llu were not gone on from\n",
              static_cast<unsigned long long>(progress.worlds),
              static_cast<unsigned long long>(progress.open));
  std::printf("transitions %llu in %.1f s\n", static_cast<unsigned long long>(progress.transitions),
              progress.seconds);
}

void print(const Explorer& explorer, const std::optional<Counterexample>& found) {
  print(explorer.progress());
  print_rows("actions", actions_of(explorer.counts()));
  print_rows("outcomes", outcomes_of(explorer.counts()));
  if (!found) return;
  std::printf("broken: %s\n", found->what.c_str());
  for (const Action& action : found->path) std::printf("  %s\n", describe(action).c_str());
}

int run(const Options& options) {
  Explorer explorer(options.bounds, engines_own());
  const std::optional<Counterexample> found = explorer.explore(options.limits, tell);
  options.json ? print_json(explorer, found) : print(explorer, found);
  return found ? 1 : 0;
}

int run_calls(const Options& options) {
  CallsExplorer explorer(options.calls_bounds, {});
  const auto found = explorer.explore(options.limits, tell);
  const Rows rows(explorer.counts().begin(), explorer.counts().end());
  if (options.json) {
    print_json(explorer.progress());
    print_json_rows("counts", rows);
    std::printf("}\n");
  } else {
    print(explorer.progress());
    print_rows("what happened", rows);
  }
  if (!found) return 0;
  std::fprintf(stderr, "broken: %s\n", found->what.c_str());
  for (const CallsAction& action : found->path) {
    std::fprintf(stderr, "  %s\n", describe(action).c_str());
  }
  return 1;
}

}  // namespace
}  // namespace lockstep::explore

int main(int argc, char** argv) {
  lockstep::explore::Options options;
  CLI::App app("Tries every order in which two fronts, a producer and a crash can meet the rules.");
  app.add_option("--depth", options.limits.depth, "how many actions from the first world")
      ->capture_default_str();
  app.add_option("--seconds", options.limits.seconds, "stop after so long; 0: never")
      ->capture_default_str();
  app.add_option("--runs", options.bounds.runs, "runs that are asked for")
      ->check(CLI::Range(1, 4))
      ->capture_default_str();
  app.add_option("--tokens", options.bounds.tokens, "tokens of a run")
      ->check(CLI::Range(0, 4))
      ->capture_default_str();
  app.add_option("--stops", options.bounds.stops, "stops of each front")->capture_default_str();
  app.add_option("--puts", options.bounds.puts, "puts of either front")->capture_default_str();
  app.add_flag("--json", options.json, "one JSON object in place of the table");
  lockstep::explore::CallsBounds& calls = options.calls_bounds;
  app.add_flag("--calls", options.calls, "the world of tool calls in place of the other");
  app.add_option("--starts", calls.starts, "with --calls: starts by fronts")->capture_default_str();
  app.add_option("--calls-of-run", calls.calls, "with --calls: calls of a run")
      ->capture_default_str();
  app.add_option("--answers", calls.answers, "with --calls: answers")->capture_default_str();
  app.add_option("--decisions", calls.decisions, "with --calls: decisions")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (options.calls) return lockstep::explore::run_calls(options);
  return lockstep::explore::run(options);
}
