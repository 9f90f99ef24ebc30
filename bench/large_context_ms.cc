// SPDX-License-Identifier: Apache-2.0
// large_context_ms.cc: measures how long a long thread would hold the strand, where its run is
// claimed or its context is read.
//
// The answer has the request to the model (`compose`), a check that it is JSON (`check`), and the
// path as JSON (`path`), which the strand would make before any other thread's turn. The argument
// is the path's length in MiB, in messages of 64 KiB.
#include <benchmark/benchmark.h>

#include <limits>
#include <vector>

#include "schema/json/json_reader.h"
#include "server/base/limits.h"
#include "server/codec/json_pieces.h"
#include "server/inference/compose.h"
#include "server/inference/settings.h"

namespace lockstep {
namespace {

constexpr std::size_t message_bytes = 64 << 10;

Context context_of_size(std::int64_t mebibytes) {
  RequestSettings settings;
  settings.kind = "openai";
  settings.request = {{"model", "\"m\""}};
  Context context{.thread = {UserId("ann"), ThreadId("t")},
                  .run = RunId("r"),
                  .path = {},
                  .unanswered = {},
                  .settings = settings_bytes(settings)};
  const auto count = static_cast<std::size_t>(mebibytes) * (1 << 20) / message_bytes;
  const std::string words = "He said \"why?\", and then he went home.\n";
  for (std::size_t number = 0; number < count; ++number) {
    Message message;
    message.id = MessageId("m" + std::to_string(number));
    message.role = number % 2 == 0 ? Role::user : Role::assistant;
    std::string text;
    while (text.size() < message_bytes) text += words;
    message.parts = {TextPart{std::move(text)}};
    context.path.push_back(std::move(message));
  }
  return context;
}

void compose(benchmark::State& run) {
  const Context context = context_of_size(run.range(0));
  for (auto _ : run) benchmark::DoNotOptimize(sent_from_settings(context));
}

void check(benchmark::State& run) {
  const Sent sent = sent_from_settings(context_of_size(run.range(0)));
  for (auto _ : run) {
    benchmark::DoNotOptimize(is_json_object(sent.body, limits::request_depth_max));
  }
}

void path(benchmark::State& run) {
  std::vector<SharedMessage> shared;
  for (Message& message : context_of_size(run.range(0)).path) {
    shared.emplace_back(std::move(message));
  }
  for (auto _ : run) {
    JsonPieces pieces;
    pieces.add(shared);
    std::string out;
    while (!pieces.next(out, std::numeric_limits<std::uint32_t>::max())) {
    }
    benchmark::DoNotOptimize(out);
  }
}

BENCHMARK(compose)->Arg(1)->Arg(10)->Unit(benchmark::kMillisecond);
BENCHMARK(check)->Arg(1)->Arg(10)->Unit(benchmark::kMillisecond);
BENCHMARK(path)->Arg(1)->Arg(10)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lockstep

BENCHMARK_MAIN();
