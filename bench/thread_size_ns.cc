// SPDX-License-Identifier: Apache-2.0
// thread_size_ns.cc: measures the cost of a thread's length, at 1 k to 1 M messages.
//
// Decisions are made on copies of a state. So a copy, and a batch of one token, must cost about the
// same however long the thread is: `copy`, `token` (text behind text) and `draft` (text that begins
// a part: the batch is folded into a copy). The others pay for that with a tree to go down: `find`,
// and for each message `fold` (a log from its beginning), `path` and `scan`.
#include <benchmark/benchmark.h>

#include <memory>

#include "bench/one_agent.h"
#include "engine/rules/decide.h"
#include "engine/rules/fold.h"
#include "engine/store/entry_codec.h"

namespace lockstep {
namespace {

bool never(std::string_view) { return false; }

const OneAgent agents;
const Rules rules{agents, never, Epoch(1), {}};

// As clients make them: longer than the texts that a string holds in place.
MessageId id_of(std::size_t number) {
  return MessageId("01J9ZK3M8QW5T" + std::to_string(1'000'000'000 + number));
}

// One question after another, each below the last.
std::vector<Entry> log_of(std::size_t count) {
  std::vector<Entry> log(count);
  for (std::size_t at = 0; at < count; ++at) {
    Entry& entry = log[at];
    entry.previous = Timestamp(at);
    entry.at = Timestamp(at + 1);
    if (at == 0) entry.origin = Origin{ThreadId("thread"), UserId("ann")};
    Message message;
    message.id = id_of(at);
    if (at > 0) message.parent = id_of(at - 1);
    message.parts = {TextPart{"why?"}};
    entry.events.emplace_back(MessagePut{std::move(message)});
    entry.events.emplace_back(HeadMoved{id_of(at), {}});
  }
  return log;
}

ThreadState folded(const std::vector<Entry>& log) {
  ThreadState state;
  for (const Entry& entry : log) fold(state, entry);
  return state;
}

// A thread of so many messages whose run is writing an answer. The last one is kept, because each
// benchmark is called several times; but one at a time, the longest takes most of a gigabyte.
ThreadState& streaming(benchmark::State& run) {
  static std::int64_t length = 0;
  static std::unique_ptr<ThreadState> state;
  if (length == run.range(0)) return *state;
  length = run.range(0);
  state.reset();
  state = std::make_unique<ThreadState>(folded(log_of(static_cast<std::size_t>(length))));
  StartRun start;
  start.run = RunId("run");
  start.input.push_back({MessageId("question"), Role::user, {TextPart{"why?"}}, {}, {}});
  const auto next = [&] { return Timestamp(state->now.get() + 1); };
  fold(*state,
       decide(*state, {}, {UserId("ann"), {}, {}, {}, {{{}, {}, {}, start}}}, next(), rules).entry);
  const StepBatch first{RunId("run"),
                        1,
                        {{1, OpenMessage{MessageId("answer"), {}, Role::assistant, {}}},
                         {2, AppendContent{MessageId("answer"), 0, "The"}}}};
  fold(*state, decide(*state, first, next(), rules)->entry);
  return *state;
}

void copy(benchmark::State& run) {
  const ThreadState& state = streaming(run);
  for (auto _ : run) {
    const ThreadState copy = state;
    benchmark::DoNotOptimize(&copy);
  }
}

StepBatch batch_of(const ThreadState& state, std::uint32_t part) {
  return {
      RunId("run"), 1, {{state.runs[0].seq + 1, AppendContent{MessageId("answer"), part, " the"}}}};
}

void token(benchmark::State& run) {
  ThreadState& state = streaming(run);
  for (auto _ : run) {
    const auto decision = decide(state, batch_of(state, 0), Timestamp(state.now.get() + 1), rules);
    benchmark::DoNotOptimize(encode(decision->entry, state));
    fold(state, decision->entry);
  }
}

void draft(benchmark::State& run) {
  const ThreadState& state = streaming(run);
  for (auto _ : run) {
    benchmark::DoNotOptimize(
        decide(state, batch_of(state, 1), Timestamp(state.now.get() + 1), rules));
  }
}

void find(benchmark::State& run) {
  const ThreadState& state = streaming(run);
  std::size_t number = 0;
  for (auto _ : run) {
    number = (number + 7919) % static_cast<std::size_t>(run.range(0));
    benchmark::DoNotOptimize(state.message(id_of(number)));
  }
}

void path(benchmark::State& run) {
  const ThreadState& state = streaming(run);
  for (auto _ : run) benchmark::DoNotOptimize(state.path(state.thread.head));
  run.SetItemsProcessed(run.iterations() * run.range(0));
}

void scan(benchmark::State& run) {
  const ThreadState& state = streaming(run);
  for (auto _ : run) {
    std::size_t parts = 0;
    for (std::size_t at = 0; at < state.messages.size(); ++at) {
      parts += state.messages[at].lengths.size();
    }
    benchmark::DoNotOptimize(parts);
  }
  run.SetItemsProcessed(run.iterations() * run.range(0));
}

void fold_log(benchmark::State& run) {
  const std::vector<Entry> log = log_of(static_cast<std::size_t>(run.range(0)));
  for (auto _ : run) benchmark::DoNotOptimize(folded(log));
  run.SetItemsProcessed(run.iterations() * run.range(0));
}

#define LENGTHS ArgName("messages")->Arg(1'000)->Arg(10'000)->Arg(100'000)->Arg(1'000'000)
BENCHMARK(copy)->LENGTHS;
BENCHMARK(token)->LENGTHS;
BENCHMARK(draft)->LENGTHS;
BENCHMARK(find)->LENGTHS;
BENCHMARK(path)->LENGTHS->Unit(benchmark::kMicrosecond);
BENCHMARK(scan)->LENGTHS->Unit(benchmark::kMicrosecond);
BENCHMARK(fold_log)
    ->ArgName("messages")
    ->Arg(1'000)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace lockstep

BENCHMARK_MAIN();
