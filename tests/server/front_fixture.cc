// SPDX-License-Identifier: Apache-2.0
#include "tests/server/front_fixture.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <future>
#include <thread>

#include "engine/store/log_memory.h"
#include "server/base/asio_executor.h"
#include "server/codec/json_read.h"
#include "server/run_driver.h"

namespace lockstep::test {
namespace asio = boost::asio;
namespace {

class CountingClock : public Clock {
 public:
  [[nodiscard]] Timestamp now() override { return Timestamp(++now_); }

 private:
  std::uint64_t now_ = 1'000'000;
};

class CountingRandom : public Random {
 public:
  [[nodiscard]] std::uint64_t next() override { return ++next_ * 0x9E3779B97F4A7C15ULL; }

 private:
  std::uint64_t next_ = 0;
};

class PushAgent : public Agent {
 public:
  [[nodiscard]] AgentSettings settings(const std::optional<Json>& /*params*/) const override {
    return {"{}", "push"};
  }
  [[nodiscard]] Sent sent(const Context& context) const override {
    return {"{\"messages\":" + std::to_string(context.path.size()) + "}", {{.text = "nothing"}}};
  }
  [[nodiscard]] bool writes_outside() const override { return true; }
  [[nodiscard]] std::unique_ptr<Generation> start(Context, Sent, StepWriter&) override {
    return nullptr;
  }
};

class Echo : public Generation {
 public:
  void resume() override {}
};

// Says the last message again, one character a step.
class EchoAgent : public PushAgent {
 public:
  explicit EchoAgent(Executor& executor) : executor_(executor) {}

  [[nodiscard]] bool writes_outside() const override { return false; }
  [[nodiscard]] std::unique_ptr<Generation> start(Context context, Sent /*sent*/,
                                                  StepWriter& writer) override {
    executor_.post([&writer, context = std::move(context)] {
      const MessageId id("echo-" + context.run.get());
      std::vector<Step> steps;
      steps.push_back({0, OpenMessage{id, {}, Role::assistant, {}}});
      for (const char c : std::get<TextPart>(context.path.back().parts[0]).text) {
        steps.push_back({0, AppendContent{id, 0, std::string(1, c)}});
      }
      steps.push_back({0, EndMessage{id, MessageStatus::complete, {}}});
      steps.push_back({0, EndRun{RunStatus::completed, {}, {}}});
      writer.write(std::move(steps));
    });
    return std::make_unique<Echo>();
  }

 private:
  Executor& executor_;
};

class TestAgents : public Agents {
 public:
  explicit TestAgents(Executor& executor) : echo_(executor) {}
  [[nodiscard]] std::optional<AgentSettings> settings(
      const AgentName& agent, const std::optional<Json>& params) const override {
    if (agent.get() == "nobody") return std::nullopt;
    return push_.settings(params);
  }
  [[nodiscard]] std::optional<std::chrono::microseconds> outlives(
      const AgentName& agent, std::string_view /*settings*/) const override {
    if (agent.get() == "echo" || agent.get() == "here") return std::nullopt;
    return std::chrono::minutes(10);
  }
  [[nodiscard]] Agent* find(const AgentName& agent) {
    if (agent.get() == "echo") return &echo_;
    return agent.get() == "nobody" ? nullptr : &push_;
  }

 private:
  PushAgent push_;
  EchoAgent echo_;
};

}  // namespace

namespace {

std::vector<AgentFace> some_agents() {
  AgentFace usual;
  usual.name = AgentName("default");
  usual.kind = "openai";
  usual.model = "m";
  usual.models = {"big"};
  usual.params = {"seed", "stop"};
  usual.context_tokens = 8192;
  usual.tokens_max = 500;
  usual.runs_at_once = 1;
  usual.images = true;
  AgentFace mine;
  mine.name = AgentName("mine");
  mine.kind = "push";
  mine.any_model = true;
  mine.any_params = true;
  return {usual, mine};
}

}  // namespace

struct FrontFixture::Inside {
  explicit Inside(Auth given)
      : auth(std::move(given)),
        executor(context),
        agents(executor),
        lines(LineLog::Level::error, LineLog::Style::text),
        memory(executor, Epoch(0xabcdef)),
        driver(
            [this](const AgentName& name) {
              return std::shared_ptr<Agent>(std::shared_ptr<Agent>(), agents.find(name));
            },
            executor, lines) {}

  MemoryAccount account{limits::memory_bytes_max};
  Auth auth;
  asio::io_context context{1};
  AsioExecutor executor;
  Background background{context};
  TestAgents agents;
  CountingClock clock;
  CountingRandom random;
  Metrics metrics;
  LineLog lines;
  LogMemory memory;
  RunDriver driver;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Server> server;
  std::promise<void> stopped;
  struct Hold {
    std::promise<void> begun;
    std::promise<void> goes;
  };
  std::deque<Hold> holds;
  std::size_t let_go = 0;  // of them
  std::string refusal;
  std::thread thread;

  // Does it on the engine strand, and waits.
  template <class Work>
  void on_strand(Work work) {
    std::promise<void> done;
    asio::post(context, [&work, &done] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  void open_engine() {
    std::promise<void> ready;
    on_strand([this, &ready] {
      auto opened = Engine::open({.log = memory,
                                  .store = memory,
                                  .clock = clock,
                                  .random = random,
                                  .executor = executor,
                                  .agents = agents,
                                  .is_json_object = is_json_object,
                                  .metrics = metrics,
                                  .memory = &account,
                                  .offload = &background},
                                 driver, [&ready](Result<void>) { ready.set_value(); });
      engine = std::move(opened.value());
      driver.connect(*engine);
    });
    ready.get_future().wait();
  }

  void open_server(ServerRules rules, Page page) {
    on_strand([this, &rules, page] {
      auto opened = Server::open({.context = context,
                                  .engine = *engine,
                                  .auth = auth,
                                  .metrics = metrics,
                                  .random = random,
                                  .background = background,
                                  .log = lines,
                                  .find_agent =
                                      [this](const AgentName& name) {
                                        return std::shared_ptr<const Agent>(std::shared_ptr<void>(),
                                                                            agents.find(name));
                                      },
                                  .page = page,
                                  .memory = &account,
                                  .agents = some_agents},
                                 std::move(rules));
      if (opened) {
        server = std::move(*opened);
      } else {
        refusal = opened.error().detail;
      }
    });
  }
};

FrontFixture::FrontFixture(ServerRules rules, Auth auth, Page page)
    : inside_(std::make_unique<Inside>(std::move(auth))) {
  inside_->thread = std::thread([inside = inside_.get()] {
    const auto work = asio::make_work_guard(inside->context);
    inside->context.run();
  });
  inside_->open_engine();
  inside_->open_server(std::move(rules), page);
}

FrontFixture::~FrontFixture() {
  inside_->on_strand([this] {
    inside_->server.reset();
    inside_->driver.stop();
    inside_->engine.reset();
  });
  inside_->context.stop();
  inside_->thread.join();
}

const std::string& FrontFixture::refusal() const { return inside_->refusal; }
std::uint16_t FrontFixture::port() const { return inside_->server->port(); }

FrontCounts FrontFixture::counts() const {
  FrontCounts counts;
  inside_->on_strand([this, &counts] { counts = inside_->server->counts(); });
  return counts;
}

std::size_t FrontFixture::held(MemoryKind kind) const {
  std::size_t bytes = 0;
  inside_->on_strand([&] { bytes = inside_->account.bytes(kind); });
  return bytes;
}

void FrontFixture::set_memory(std::size_t bytes_max) {
  inside_->on_strand([&] { inside_->account.set_bytes_max(bytes_max); });
}

void FrontFixture::set_tokens(Auth auth) {
  inside_->on_strand([&] { inside_->auth = std::move(auth); });
}

void FrontFixture::change_tokens(Auth auth) {
  inside_->on_strand([&] {
    inside_->auth = std::move(auth);
    inside_->server->tokens_changed();
  });
}

void FrontFixture::hold_background() {
  inside_->on_strand([this] {
    Inside::Hold& hold = inside_->holds.emplace_back();
    inside_->background.run(
        [&hold] {
          hold.begun.set_value();
          hold.goes.get_future().wait();
          return 0;
        },
        [](int) {});
  });
}

void FrontFixture::let_background_go() {
  std::deque<Inside::Hold>& holds = inside_->holds;
  holds.at(inside_->let_go++).goes.set_value();
  if (inside_->let_go < holds.size()) holds[inside_->let_go].begun.get_future().wait();
}

void FrontFixture::cut_all() {
  inside_->on_strand([this] { inside_->server.reset(); });
}

void FrontFixture::pass(int seconds) {
  for (int second = 0; second < seconds; ++second) {
    inside_->on_strand([this] { inside_->server->tick(); });
  }
}

void FrontFixture::stop() {
  inside_->on_strand([this] { inside_->server->stop([this] { inside_->stopped.set_value(); }); });
}

void FrontFixture::wait_for_stop() { inside_->stopped.get_future().wait(); }

Auth two_users() {
  return Auth::parse(
             "[tokens.a]\nuser = \"ada\"\nsha256 = "
             "\"2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90\"\n"
             "[tokens.b]\nuser = \"bob\"\nsha256 = "
             "\"81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9\"\n",
             "tokens")
      .value();
}

}  // namespace lockstep::test
