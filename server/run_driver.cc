// SPDX-License-Identifier: Apache-2.0
#include "server/run_driver.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/codes.h"
#include "engine/rules/sizes.h"
#include "engine/rules/walk_limits.h"
#include "engine/store/attachments.h"
#include "server/base/limits.h"
#include "server/noted_repairs.h"
#include "server/run_lines.h"
#include "server/step_files.h"

namespace lockstep {
namespace {

std::string key_of(const ThreadName& thread, const RunId& run) {
  return thread.owner.get() + '/' + thread.id.get() + '/' + run.get();  // ids have no slash
}

}  // namespace

// One run: its generation, and the steps that the engine has not taken yet.
class RunDriver::Drive : public StepWriter, public std::enable_shared_from_this<Drive> {
 public:
  Drive(RunDriver& driver, AgentName name, const Context& context, std::uint32_t attempt)
      : driver_(driver),
        name_(std::move(name)),
        thread_(context.thread),
        run_(context.run),
        attempt_(attempt) {}

  void start(std::shared_ptr<Agent> agent, Context context) {
    if (agent == nullptr) {
      end_with({codes::unknown_agent,
                "The agent of this run is not in the configuration any more: add it, "
                "or start a run of another agent."});
      return;
    }
    agent_ = std::move(agent);
    outside_ = agent_->writes_outside();
    if (outside_) return;
    if (driver_.composer_ && names_files(context.path)) return read_files(std::move(context));
    Sent sent = agent_->sent(context);
    take(std::move(context), std::move(sent));
  }

  // The files of the path are read next to the strand, and the request with them is made there.
  void read_files(Context context) {
    held_ = Charge(driver_.memory_, MemoryKind::models,
                   size_of(context.path) + context.settings.size());
    reading_ = std::make_shared<std::atomic<bool>>(false);
    driver_.composer_->compose(agent_, std::move(context), reading_,
                               [self = shared_from_this()](RequestComposer::Composed composed) {
                                 if (self->stopped_) return;
                                 self->take(std::move(composed.context), std::move(composed.sent));
                               });
  }

  // The request: how it differs from the path is noted before it goes out.
  void take(Context context, Sent sent) {
    held_ = Charge(driver_.memory_, MemoryKind::models,
                   size_of(context.path) + context.settings.size() + sent.body.size());
    std::vector<NotedRepair> repairs = notes_of(sent.repairs);
    question_ = Question{std::move(context), std::move(sent)};
    if (repairs.empty()) {
      ask();
    } else {
      write({Step{.seq = 0, .what = NoteRepairs{std::move(repairs)}}});
    }
  }

  // Keeps the context until the agent has a slot for this run.
  void wait(std::shared_ptr<Agent> agent, Context context) {
    agent_ = std::move(agent);
    held_ = Charge(driver_.memory_, MemoryKind::models,
                   size_of(context.path) + context.settings.size());
    waiting_context_ = std::move(context);
  }

  // It has a slot now.
  void begin() {
    if (stopped_ || !waiting_context_) return;
    Context context = *std::exchange(waiting_context_, std::nullopt);
    start(std::move(agent_), std::move(context));
  }

  // A writer outside the server writes the steps: there is no generation here.
  [[nodiscard]] bool outside() const { return outside_; }

  // The run writes nothing after this. If the generation is calling us just now, destroy it in a
  // later turn: it must not die within its own call.
  void stop() {
    stopped_ = true;
    if (reading_) *reading_ = true;
    waiting_.clear();
    waiting_context_.reset();
    question_.reset();
    if (generation_ == nullptr) return;
    if (in_generation_) {
      driver_.executor_.post([agent = agent_, generation = std::move(generation_)] {});
    } else {
      generation_.reset();
    }
  }

  bool write(std::vector<Step> steps) override {
    if (stopped_) return false;
    if (auto error = failure_before_word(steps); error && falls_back(*error)) return false;
    for (Step& step : steps) {
      shown_ = shown_ || std::holds_alternative<OpenMessage>(step.what);
      clean_models_files(step);
      step.seq = ++seq_;
      held_.add(size_of(step));
      waiting_.push_back(std::move(step));
    }
    in_generation_ = true;
    send();
    in_generation_ = false;
    paused_ = waiting_.size() >= limits::run_steps_high;
    return !paused_;
  }

 private:
  struct Question {
    Context context;
    Sent sent;
  };

  // The model gets its request. How it differs from the screen is durable by now.
  void ask() {
    MUST(question_.has_value());
    auto [context, sent] = std::move(*question_);
    question_.reset();
    generation_ = agent_->start(std::move(context), std::move(sent), *this);
    MUST(generation_ != nullptr);
  }

  // The agent's failure, if the run has shown nothing before it.
  std::optional<RunError> failure_before_word(const std::vector<Step>& steps) const {
    if (shown_ || steps.size() != 1) return {};
    const auto* end = std::get_if<EndRun>(&steps.front().what);
    if (!end || end->status == RunStatus::completed || !end->error) return {};
    return end->error;
  }

  // Asks for an attempt with another agent. False: there is none.
  bool falls_back(const RunError& error) {
    // What a provider has filtered, another one is not asked.
    if (!driver_.raise_ || !driver_.fallback_ || error.code == codes::content_filter) return false;
    const std::optional<AgentName> next = driver_.fallback_(name_);
    if (!next) return false;
    driver_.raise_(thread_,
                   AttemptRequest{.run = run_, .former = attempt_, .agent = next, .error = error},
                   [self = shared_from_this(), error, next = *next](const auto& raised) {
                     if (raised) return self->tell_fallback(error, next);
                     if (self->stopped_) return;
                     self->no_fallback(raised.error(), error);
                   });
    return true;
  }

  // The engine has started the run again.
  void tell_fallback(const RunError& error, const AgentName& next) {
    driver_.log_.info("run_falls_back", {{"user", thread_.owner.get()},
                                         {"thread", thread_.id.get()},
                                         {"run", run_.get()},
                                         {"agent", name_.get()},
                                         {"fallback", next.get()},
                                         {"code", error.code},
                                         {"detail", error.detail}});
  }

  void no_fallback(const StepRefusal& refusal, const RunError& error) {
    if (is_over(refusal)) {
      stop();
      return driver_.leave(key_of(thread_, run_));
    }
    driver_.log_.info("fallback_refused", {{"user", thread_.owner.get()},
                                           {"thread", thread_.id.get()},
                                           {"run", run_.get()},
                                           {"code", refusal.code},
                                           {"detail", refusal.detail}});
    end_with(error);
  }

  void send() {
    if (in_flight_ || stopped_ || waiting_.empty()) return;
    in_flight_ = true;
    std::vector<Step> steps = first_batch(waiting_);
    if (!driver_.door_.store || !holds_data(steps)) return send(std::move(steps));
    store_data(driver_.door_, thread_.owner, std::move(steps),
               [self = shared_from_this()](Stored<Step> stored) {
                 if (!self->stopped_) self->was_stored(std::move(stored));
               });
  }

  // The files of the batch are blobs, so it is the same batch if it has to be sent again.
  void was_stored(Stored<Step> stored) {
    in_flight_ = false;
    if (!stored) return end_as(ended_before_files(std::move(waiting_), stored.error()));
    for (std::size_t at = 0; at < stored->things.size(); ++at) {
      held_.set(held_.bytes() - std::min(held_.bytes(), size_of(waiting_[at])));
      waiting_[at] = stored->things[at];
      held_.add(size_of(waiting_[at]));
    }
    files_ = std::move(stored->files);
    in_flight_ = true;
    send(std::move(stored->things));
  }

  // Requires: `steps` are the first ones of those that wait.
  void send(std::vector<Step> steps) {
    const std::size_t count = steps.size();
    StepBatch batch{run_, attempt_, std::move(steps)};
    driver_.write_(
        std::nullopt, thread_, std::move(batch),
        [self = shared_from_this(), count](std::expected<StepAck, StepRefusal> ack) mutable {
          self->in_flight_ = false;
          if (self->stopped_) return;
          return ack ? self->taken(count) : self->refused(ack.error());
        });
  }

  void taken(std::size_t count) {
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    std::size_t bytes = 0;
    for (auto step = waiting_.begin(); step != end; ++step) bytes += size_of(*step);
    held_.set(held_.bytes() - std::min(held_.bytes(), bytes));
    waiting_.erase(waiting_.begin(), end);
    files_.reset();
    if (question_ && waiting_.empty()) return ask();
    send();
    if (!paused_ || waiting_.size() > limits::run_steps_low || !generation_) return;
    paused_ = false;
    in_generation_ = true;
    generation_->resume();
    in_generation_ = false;
  }

  void refused(const StepRefusal& refusal) {
    driver_.log_.debug("steps_refused", {{"user", thread_.owner.get()},
                                         {"thread", thread_.id.get()},
                                         {"run", run_.get()},
                                         {"code", refusal.code},
                                         {"detail", refusal.detail}});
    if (refusal.code == codes::overloaded) {
      driver_.executor_.post_after(limits::step_retry_delay,
                                   [self = shared_from_this()] { self->send(); });
      return;
    }
    // In these cases the run is over or belongs to another attempt: do not end it here. After
    // `ended` and `fenced` the engine calls `RunHost::ended`, or has called it.
    if (is_over(refusal) || ending_) {
      stop();
      return driver_.leave(key_of(thread_, run_));
    }
    end_with({refusal.code, refusal.detail});
  }

  static bool is_over(const StepRefusal& refusal) {
    return refusal.code == codes::ended || refusal.code == codes::fenced ||
           refusal.code == codes::stopping || refusal.code == codes::unknown_thread ||
           refusal.code == codes::unknown_run || refusal.code == codes::deleted;
  }

  // The engine refused the steps for good: ends the run with the reason.
  void end_with(RunError error) {
    const std::uint64_t next = waiting_.empty() ? seq_ + 1 : waiting_.front().seq;
    end_as({Step{.seq = next, .what = EndRun{RunStatus::failed, std::move(error), {}}}});
  }

  void end_as(std::vector<Step> steps) {
    generation_.reset();
    question_.reset();
    ending_ = true;
    waiting_ = std::move(steps);
    seq_ = waiting_.back().seq;
    send();
  }

  RunDriver& driver_;
  AgentName name_;
  ThreadName thread_;
  RunId run_;
  std::uint32_t attempt_;
  std::shared_ptr<Agent> agent_;            // outlives the generation
  std::optional<Context> waiting_context_;  // until the agent has a slot
  std::optional<Question> question_;        // until the repairs of its request are durable
  std::unique_ptr<Generation> generation_;
  std::vector<Step> waiting_;  // begins with the batch that is at the engine
  Charge held_;                // the context, and the waiting steps
  std::uint64_t seq_ = 0;
  RequestComposer::Stop reading_;  // ends the reading of files; null: there are none
  bool in_flight_ = false;
  std::shared_ptr<const void> files_;  // keeps what the batch in flight has brought
  bool in_generation_ = false;
  bool paused_ = false;
  bool outside_ = false;
  bool ending_ = false;
  bool shown_ = false;  // the run has opened a message
  bool stopped_ = false;
};

RunDriver::RunDriver(FindAgent find, Executor& executor, LineLog& log, MemoryAccount* memory,
                     RunSlots::LimitOf limit, FallbackOf fallback)
    : find_(std::move(find)),
      fallback_(std::move(fallback)),
      executor_(executor),
      log_(log),
      memory_(memory),
      slots_(std::move(limit)) {}

RunDriver::~RunDriver() { stop(); }

void RunDriver::connect(Engine& engine) {
  write_ = [&engine](std::optional<UserId> user, ThreadName thread, StepBatch batch,
                     Done<std::expected<StepAck, StepRefusal>> done) {
    engine.write(std::move(user), std::move(thread), std::move(batch), std::move(done));
  };
  raise_ = [&engine](ThreadName thread, AttemptRequest request,
                     Done<std::expected<StepAck, StepRefusal>> done) {
    engine.start_attempt(std::move(thread), std::move(request), std::move(done));
  };
  door_.keeper = &engine.blobs();
}

void RunDriver::stop() {
  for (const auto& [key, drive] : drives_) drive->stop();
  drives_.clear();
}

void RunDriver::started(const AgentName& agent, Context context, std::uint32_t attempt) {
  MUST(write_ != nullptr);
  const std::string key = key_of(context.thread, context.run);
  auto drive = std::make_shared<Drive>(*this, agent, context, attempt);
  if (const auto former = drives_.find(key); former != drives_.end()) {
    former->second->stop();
    leave(key);
  }
  drives_[key] = drive;
  log_.debug("run_started", {{"user", context.thread.owner.get()},
                             {"thread", context.thread.id.get()},
                             {"run", context.run.get()},
                             {"agent", agent.get()}});
  std::shared_ptr<Agent> found = find_(agent);
  if (outside_ && found && found->writes_outside()) {
    drives_.erase(key);
    return outside_->started(agent, std::move(context), attempt);
  }
  const bool takes_slot = found && !found->writes_outside();
  if (takes_slot && !slots_.ask(key, {agent, context.thread.owner})) {
    return drive->wait(std::move(found), std::move(context));
  }
  drive->start(std::move(found), std::move(context));
  if (drive->outside()) drives_.erase(key);
}

bool RunDriver::waits_for_slot(const ThreadName& thread, const RunId& run) const {
  return slots_.waits(key_of(thread, run));
}

void RunDriver::leave(const std::string& key) {
  slots_.leave(key);
  let_begin();
}

// In a later turn: a call of the engine must not write to it. A run that was stopped meanwhile
// leaves its slot like any other.
void RunDriver::let_begin() {
  for (const std::string& key : slots_.take()) {
    const auto found = drives_.find(key);
    MUST(found != drives_.end());
    executor_.post([drive = found->second] { drive->begin(); });
  }
}

void RunDriver::outlived(const ThreadName& thread, const RunId& run, Outlived was) {
  if (outside_) outside_->outlived(thread, run, std::move(was));
}

void RunDriver::ended(const ThreadName& thread, const Run& run) {
  if (outside_) outside_->ended(thread, run);
  const bool failed = run.status == RunStatus::failed;
  if (failed || run.status == RunStatus::interrupted) tell_run_end(log_, thread, run);
  const auto found = drives_.find(key_of(thread, run.id));
  if (found == drives_.end()) return;
  found->second->stop();
  drives_.erase(found);
  leave(key_of(thread, run.id));
}

}  // namespace lockstep
