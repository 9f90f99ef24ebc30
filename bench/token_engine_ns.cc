// SPDX-License-Identifier: Apache-2.0
// token_engine_ns.cc: measures the engine's own time per token, without a disk or a socket.
//
// The benchmark decides, encodes and folds a token, as a lane does, in a thread whose message is
// already long: the cost must not grow with the text.
#include <benchmark/benchmark.h>

#include "bench/one_agent.h"
#include "engine/rules/decide.h"
#include "engine/rules/fold.h"
#include "engine/store/entry_codec.h"

namespace lockstep {
namespace {

bool never(std::string_view) { return false; }

// A running run with one open message of `bytes`.
ThreadState streaming(const Rules& rules, std::size_t bytes) {
  ThreadState state;
  StartRun start;
  start.run = RunId("run");
  start.input.push_back({MessageId("question"), Role::user, {TextPart{"why?"}}, {}, {}});
  Decision started =
      decide(state, {}, {UserId("ann"), {}, {}, {}, {{{}, {}, {}, start}}}, Timestamp(1), rules);
  started.entry.origin = Origin{ThreadId("thread"), UserId("ann")};
  fold(state, started.entry);
  const StepBatch first{RunId("run"),
                        1,
                        {{1, OpenMessage{MessageId("answer"), {}, Role::assistant, {}}},
                         {2, AppendContent{MessageId("answer"), 0, std::string(bytes, 'x')}}}};
  fold(state, decide(state, first, Timestamp(2), rules)->entry);
  return state;
}

void token(benchmark::State& run) {
  const OneAgent agents;
  const Rules rules{agents, never, Epoch(1), {}};
  ThreadState state = streaming(rules, static_cast<std::size_t>(run.range(0)));
  std::uint64_t seq = 2;
  for (auto _ : run) {
    ++seq;
    const StepBatch batch{RunId("run"), 1, {{seq, AppendContent{MessageId("answer"), 0, " the"}}}};
    const auto decision = decide(state, batch, Timestamp(seq), rules);
    benchmark::DoNotOptimize(encode(decision->entry, state));
    fold(state, decision->entry);
  }
}
BENCHMARK(token)->ArgName("message_bytes")->Arg(100)->Arg(10'000)->Arg(1'000'000);

}  // namespace
}  // namespace lockstep

BENCHMARK_MAIN();
