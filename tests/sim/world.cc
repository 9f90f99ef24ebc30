// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

#include <algorithm>

#include "tests/laws/front.h"

namespace lockstep::sim {
namespace {

constexpr std::size_t devices_of_a_thread = 2;  // and one more of the first thread
constexpr std::size_t threads_of_a_user = 4;    // at most; both have the same ids
constexpr Micros rest_max{3'600'000'000};  // virtual time until everything must have come to rest
constexpr std::uint64_t events_max = 400'000;  // a run that makes more is an endless loop
constexpr std::uint64_t rest_look = 16;        // events between two looks whether it has

// A model as the run driver holds it.
class Model : public Generation {
 public:
  explicit Model(std::shared_ptr<Producer> producer) : producer_(std::move(producer)) {}
  ~Model() override { producer_->stop(); }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  void resume() override { producer_->resume(); }

 private:
  std::shared_ptr<Producer> producer_;
};

}  // namespace

World::World(const Options& options, test::Counts& counts)
    : seed_(options.seed),
      without_(options.without),
      judge_(counts),
      process_(loop_, judge_, options.seed),
      network_(loop_, process_, judge_, options.seed) {
  loop_.on_trace = options.on_trace;
  process_.listener = {
      .started = [this](const Context& context,
                        StepWriter& writer) { return run_started(context, writer); },
      .outside = [this](const ThreadName& thread, const RunId& run) { writer_comes(thread, run); },
      .stops = [this] { server_stops(); },
      .died = [this] { server_died(); }};
  process_.start();
  people_come();
  workers_come();
}

// Both users' threads have the same ids, and both users request every id (visits.cc).
void World::people_come() {
  Chance chance(seed_, 7);
  const std::size_t threads = chance.one_in(3) ? chance.between(2, threads_of_a_user) : 1;
  for (const char* name : {"ann", "bob"}) {
    const UserId user(name);
    for (std::size_t thread = 0; thread < threads; ++thread) {
      const bool more = thread == 0 && user == UserId("ann");
      for (std::size_t device = 0; device < devices_of_a_thread + (more ? 1 : 0); ++device) {
        DeviceIs is{{user, ThreadId("t" + std::to_string(thread))},
                    user,
                    DeviceId("d" + std::to_string(device))};
        if (device < 2 && chance.one_in(3)) is.window = chance.between(1, 3);
        // Every other device knows only the wire.
        auto memory = device % 2 == 1 ? make_wire_memory(is, judge_) : make_screen_memory(is);
        devices_.push_back(
            std::make_unique<Device>(network_, is, std::move(memory), chance.next()));
      }
    }
    shelves_.push_back(std::make_unique<Shelf>(network_, user, chance.next()));
  }
}

void World::workers_come() {
  Chance chance(seed_, 9);
  for (const char* name : {"hand-1", "hand-2"}) {
    workers_.push_back(std::make_unique<Worker>(network_, name, chance.next()));
  }
}

// Followers go before the engine that they follow.
World::~World() { server_died(); }

void World::server_died() {
  for (const auto& shelf : shelves_) shelf->server_died();
  network_.server_died();
}

void World::server_stops() {
  for (const auto& shelf : shelves_) shelf->server_stops();
  network_.server_stops();
}

Story World::run() {
  const std::vector<Act> plan = make_plan(seed_);
  Micros last{0};
  for (std::size_t place = 0; place < plan.size(); ++place) {
    last = plan[place].at;
    if (without_.contains(place)) continue;
    loop_.after(plan[place].at, name_of(plan[place].kind),
                [this, act = plan[place]] { this->act(act); });
  }
  loop_.after(last + Micros(1), "everything heals", [this] { heal(); });
  come_to_rest();
  return {wrong(), loop_.hash(), loop_.events(), loop_.now()};
}

void World::come_to_rest() {
  const auto deadline = [this] { return healing_ && loop_.now() > rest_max + rest_max; };
  while (wrong().empty() && loop_.step()) {
    if (loop_.events() > events_max) return judge_.records.found("it never comes to rest");
    if (loop_.events() % rest_look != 0) continue;
    if (healing_ && at_rest()) break;
    if (deadline()) return judge_.records.found("it never comes to rest");
  }
  if (wrong().empty()) check_rest();
}

// --- Events --------------------------------------------------------------------------------------

Device& World::some_device(Chance& chance) { return *devices_[chance.upto(devices_.size())]; }

void World::act(const Act& act) {
  Chance chance(act.seed);
  ++judge_.records.counts[std::string("act ") + name_of(act.kind)];
  if (act.kind <= ActKind::erase_thread) return user_acts(act, chance);
  switch (act.kind) {
    case ActKind::crowd:
      return crowd(chance);
    case ActKind::drawer:
      return drawer(chance);
    case ActKind::look:
      return look(chance);
    case ActKind::trespass:
      return trespass(chance);
    case ActKind::meddle:
      ask_astray(chance);
      return meddle(chance);
    case ActKind::device_off:
      return some_device(chance).switch_off(Micros(chance.long_tailed(20'000'000)));
    case ActKind::device_stalls:
      return some_device(chance).stop_reading(Micros(chance.long_tailed(10'000'000)));
    case ActKind::device_from_copy:
      return some_device(chance).come_back_from_a_copy();
    case ActKind::device_damaged:
      return some_device(chance).damage_copy();
    case ActKind::producer_away:
      workers_[chance.upto(workers_.size())]->go_away(Micros(chance.long_tailed(5'000'000)));
      if (!producers_.empty()) {
        producers_[producers_.size() - 1 - chance.upto(std::min<std::size_t>(3, producers_.size()))]
            ->go_away(Micros(chance.long_tailed(5'000'000)));
      }
      return;
    case ActKind::bad_weather:
    case ActKind::good_weather:
    case ActKind::slow_weather:
      return weather_turns(act);
    default:
      return server_acts(act, chance);
  }
}

void World::weather_turns(const Act& act) {
  network_.weather = {};
  if (act.kind == ActKind::bad_weather) {
    network_.weather.loses_one_in = 6;
    network_.weather.repeats_one_in = 4;
  } else if (act.kind == ActKind::slow_weather) {
    network_.weather.usual_micros = 1'500'000;
    network_.weather.repeats_one_in = 8;
  }
}

void World::server_acts(const Act& act, Chance& chance) {
  switch (act.kind) {
    case ActKind::kill:
      return process_.kill(Process::Death::kill);
    case ActKind::power_cut:
      return process_.kill(Process::Death::power_cut);
    case ActKind::die_at_point:
      return process_.die_at(static_cast<Point>(chance.upto(point_count)), chance.between(1, 6));
    case ActKind::disk_fault:
      return process_.fail_disk(chance.between(1, 6), static_cast<DiskFault>(chance.between(1, 3)));
    case ActKind::slow_disk:
      return process_.slow_disk(Micros(chance.long_tailed(5'000'000)),
                                Micros(chance.long_tailed(400'000)));
    case ActKind::lying_disk:
      return process_.lie();
    case ActKind::clock_jump: {
      const bool back = chance.one_in(2);
      ++judge_.records.counts[back ? "fault: clock jumps back" : "fault: clock jumps ahead"];
      const auto jump = static_cast<std::int64_t>(chance.long_tailed(60'000'000));
      return process_.clock.jump(back ? -jump : jump);
    }
    case ActKind::graceful_stop:
      return process_.stop_gracefully();
    case ActKind::backup:
      return process_.back_up();
    default:
      process_.restore();
  }
}

std::unique_ptr<Generation> World::run_started(const Context& context, StepWriter& writer) {
  ++judge_.records.counts["run driven"];
  auto producer = std::make_shared<Producer>(network_, context.thread, context.run, &writer,
                                             mixed(seed_ ^ ++names_));
  producers_.push_back(producer);
  if (healing_) producer->finish();
  return std::make_unique<Model>(std::move(producer));
}

// A back end hears of a run from its front, or from the server that has started the next one.
void World::writer_comes(const ThreadName& thread, const RunId& run) {
  if (!runs_started_.emplace(thread, run).second) return;
  producers_.push_back(
      std::make_shared<Producer>(network_, thread, run, nullptr, mixed(seed_ ^ ++names_)));
  if (healing_) producers_.back()->finish();
}

// --- The end -------------------------------------------------------------------------------------

void World::heal() {
  healing_ = true;
  network_.weather = {};
  process_.slow_disk(Micros(0), Micros(0));
  process_.heal();
  for (const auto& device : devices_) device->stay();
  for (const auto& producer : producers_) producer->finish();
  for (const auto& worker : workers_) worker->finish();
}

bool World::workers_have_runs() const {
  return std::ranges::any_of(judge_.records.threads, [](const auto& named) {
    const test::ThreadTruth& truth = named.second;
    if (truth.erase_asked || !truth.running()) return false;
    return truth.run(*truth.running())->agent == AgentName("hands");
  });
}

bool World::at_rest() const {
  if (!process_.quiet() || process_.unanswered() || workers_have_runs()) return false;
  for (const auto& producer : producers_) {
    if (!producer->over()) return false;
  }
  for (const auto& shelf : shelves_) {
    if (!shelf->settled()) return false;
  }
  return std::ranges::all_of(devices_, [this](const auto& device) {
    if (!device->settled()) return false;
    if (device->deleted()) return true;
    const test::ThreadTruth* truth = judge_.truth(device->is().thread, judge_.epoch());
    if (truth && truth->erase_asked) return true;
    const auto cursor = device->memory().cursor();
    return !truth || !truth->there() || (cursor && cursor->at == truth->last());
  });
}

void World::check_rest() {
  ++judge_.records.counts["rest"];
  if (!process_.ready()) return judge_.records.found("the server does not come back");
  for (const auto& producer : producers_) {
    if (!producer->over()) return judge_.records.found("a producer never gets an answer");
  }
  if (const auto run = process_.unanswered()) {
    return judge_.records.found("steps of " + run->get() + " are never answered");
  }
  for (const auto& device : devices_) check_reading(*device);
  for (const auto& shelf : shelves_) {
    const std::string wrong =
        shelf->settled() ? shelf->wrong() : "a list never comes to rest: " + shelf->standing();
    if (!wrong.empty()) judge_.records.found("at rest " + wrong);
  }
}

// The stored thread, the server's answer and the screen must be equal.
void World::check_reading(Device& device) {
  // It got `deleted`; a restore may have brought the thread back for others.
  if (device.deleted()) return;
  const std::string name = device.is().device.get() + " of " + to_string(device.is().thread);
  const test::ThreadTruth* truth = judge_.truth(device.is().thread, judge_.epoch());
  if (!truth || !truth->there() || truth->erase_asked) return;
  const auto now = process_.engine().read(std::nullopt, device.is().thread, std::nullopt);
  if (!now) return judge_.records.found("at rest a thread can't be read: " + now.error().detail);
  std::string wrong = test::difference(now->screen, truth->screen(truth->last()));
  if (!wrong.empty())
    return judge_.records.found("at rest the engine shows something else: " + wrong);
  if (!device.settled())
    return judge_.records.found(name + " never comes to rest: " + device.standing());
  if (device.is().window) return device.memory().check(judge_);
  wrong = test::difference(device.memory().screen(), now->screen);
  if (!wrong.empty())
    judge_.records.found("at rest " + name + " shows something else: " + wrong + " (" +
                         device.standing() + ")");
}

}  // namespace lockstep::sim
