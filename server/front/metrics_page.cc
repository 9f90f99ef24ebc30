// SPDX-License-Identifier: Apache-2.0
#include "server/front/metrics_page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <initializer_list>
#include <limits>
#include <sstream>
#include <utility>
#include <vector>

#include "server/codec/json_write.h"

namespace lockstep {
namespace {

constexpr double second_us = 1e6;

class Families {
 public:
  void counter(const std::string& name, const std::string& help, std::uint64_t value) {
    prometheus::ClientMetric metric;
    metric.counter.value = static_cast<double>(value);
    add({"lockstep_" + name + "_total", help, prometheus::MetricType::Counter, {metric}});
  }
  void runs_ended(const Metrics& metrics) {
    prometheus::MetricFamily family{
        "lockstep_runs_ended_total", "Runs ended.", prometheus::MetricType::Counter, {}};
    for (const auto& [how, count] : metrics.runs_ended) {
      prometheus::ClientMetric metric;
      metric.label = {{"agent", how.first.get()}, {"status", std::string(name_of(how.second))}};
      metric.counter.value = static_cast<double>(count);
      family.metric.push_back(std::move(metric));
    }
    add(std::move(family));
  }
  void agent_runs(const std::vector<AgentFace>& agents) {
    prometheus::MetricFamily family{"lockstep_agent_runs",
                                    "Runs that an agent has at work, and that wait for a slot.",
                                    prometheus::MetricType::Gauge,
                                    {}};
    for (const AgentFace& agent : agents) {
      for (const bool running : {true, false}) {
        prometheus::ClientMetric metric;
        metric.label = {{"agent", agent.name.get()}, {"state", running ? "running" : "waiting"}};
        metric.gauge.value = static_cast<double>(running ? agent.load.running : agent.load.waiting);
        family.metric.push_back(std::move(metric));
      }
    }
    add(std::move(family));
  }
  void gauge(const std::string& name, const std::string& help, std::uint64_t value) {
    prometheus::ClientMetric metric;
    metric.gauge.value = static_cast<double>(value);
    add({"lockstep_" + name, help, prometheus::MetricType::Gauge, {metric}});
  }
  // One value for each kind.
  using Kinds = std::initializer_list<std::pair<const char*, std::size_t>>;
  void gauges(const std::string& name, const std::string& help, Kinds values) {
    prometheus::MetricFamily family{"lockstep_" + name, help, prometheus::MetricType::Gauge, {}};
    for (const auto& [kind, value] : values) {
      prometheus::ClientMetric metric;
      metric.label.push_back({"kind", kind});
      metric.gauge.value = static_cast<double>(value);
      family.metric.push_back(std::move(metric));
    }
    add(std::move(family));
  }
  void histogram(const std::string& name, const std::string& help, const Histogram& histogram) {
    prometheus::ClientMetric metric;
    std::uint64_t below = 0;
    for (std::size_t slot = 0; slot < histogram.counts.size(); ++slot) {
      below += histogram.counts[slot];
      const bool last = slot == Histogram::bounds_us.size();
      const double bound = last ? std::numeric_limits<double>::infinity()
                                : static_cast<double>(Histogram::bounds_us[slot]) / second_us;
      metric.histogram.bucket.push_back({below, bound});
    }
    metric.histogram.sample_count = below;
    metric.histogram.sample_sum = static_cast<double>(histogram.sum_us) / second_us;
    add({"lockstep_" + name, help, prometheus::MetricType::Histogram, {metric}});
  }
  // One value for each kind of memory.
  template <class Of>
  void kinds(const std::string& name, const std::string& help, prometheus::MetricType type, Of of) {
    prometheus::MetricFamily family{"lockstep_" + name, help, type, {}};
    for (std::size_t at = 0; at < memory_kinds; ++at) {
      const auto kind = static_cast<MemoryKind>(at);
      prometheus::ClientMetric metric;
      metric.label.push_back({"kind", std::string(name_of(kind))});
      (type == prometheus::MetricType::Gauge ? metric.gauge.value : metric.counter.value) =
          static_cast<double>(of(kind));
      family.metric.push_back(std::move(metric));
    }
    add(std::move(family));
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return out.str();
  }

 private:
  void add(prometheus::MetricFamily family) { families_.push_back(std::move(family)); }
  std::vector<prometheus::MetricFamily> families_;
};

void add_engine(Families& families, const Metrics& metrics) {
  families.counter("entries", "Entries made durable.", metrics.entries);
  families.counter("events", "Events in durable entries.", metrics.events);
  families.counter("steps", "Steps of runs that the engine took.", metrics.steps);
  families.counter("changes_applied", "Changes of fronts that the engine applied.",
                   metrics.changes_applied);
  families.counter("changes_refused", "Changes that the engine refused.", metrics.changes_refused);
  families.counter("changes_duplicate", "Changes sent again, answered as the first time.",
                   metrics.changes_duplicate);
  families.counter("syncs", "Syncs of fronts.", metrics.syncs);
  families.counter("resets", "Diffs that replaced all data of a front.", metrics.resets);
  families.counter("runs_started", "Runs started.", metrics.runs_started);
  families.runs_ended(metrics);
  families.counter("entries_read_from_tail", "Entries read from memory by followers.",
                   metrics.entries_read_from_tail);
  families.counter("entries_read_from_log", "Entries read from the log.",
                   metrics.entries_read_from_log);
  families.counter("states_loaded", "Threads read into memory.", metrics.states_loaded);
  families.gauge("states_in_memory", "Threads in memory.", metrics.states_in_memory);
  families.gauge("threads_to_mend", "Threads with runs that a crash left open.",
                 metrics.threads_to_mend);
  families.gauge("followers", "Followers of threads.", metrics.followers);
  families.counter("blobs_erased", "Attachments erased, because no thread names them.",
                   metrics.blobs_erased);
  families.counter("blobs_swept", "Of these, attachments that no message named within a day.",
                   metrics.blobs_swept);
  families.gauge("threads_quarantined", "Damaged threads that the server does not serve.",
                 metrics.threads_quarantined);
  families.histogram("append_seconds", "Time from a decision to its durable entry.",
                     metrics.append_us);
}

void add_front(Families& families, const FrontCounts& counts) {
  families.gauge("connections", "Open connections.", counts.connections);
  families.gauge("sockets", "Open WebSockets.", counts.sockets);
  families.gauge("streams", "Open streams of all kinds of connections.", counts.streams);
  families.counter("connections_accepted", "Connections accepted.", counts.connections_total);
  families.counter("connections_refused", "Connections refused because of a limit.",
                   counts.connections_refused);
  families.counter("connections_cut", "Connections closed because their reader was too slow.",
                   counts.slow_readers_closed);
  families.counter("requests", "Requests.", counts.requests);
  families.counter("requests_refused", "Requests answered with a problem.",
                   counts.requests_refused);
  families.counter("bytes_sent", "Bytes sent to fronts.", counts.bytes_sent);
  families.counter("blobs_taken", "Attachments uploaded.", counts.blobs_taken);
  families.counter("blob_bytes_taken", "Bytes of attachments that came.", counts.blob_bytes_taken);
  families.counter("blob_bytes_given", "Bytes of attachments sent.", counts.blob_bytes_given);
  families.counter("blobs_damaged", "Downloads that ended because the file is damaged.",
                   counts.blobs_damaged);
}

void add_memory(Families& families, const MemoryAccount& memory) {
  families.gauge("memory_bytes_max", "The limit of the counted memory.", memory.bytes_max());
  families.kinds("memory_bytes", "Counted memory, by use.", prometheus::MetricType::Gauge,
                 [&](MemoryKind kind) { return memory.bytes(kind); });
  families.kinds(
      "memory_refused_total", "Work that the server refused because it had no free memory.",
      prometheus::MetricType::Counter, [&](MemoryKind kind) { return memory.refused(kind); });
}

void add_claims(Families& families, const Claims::Counts& counts) {
  families.gauge("runs_claimable", "Runs that wait for a worker.", counts.claimable);
  families.gauge("runs_claimed", "Runs that a worker has claimed.", counts.claimed);
  families.counter("claims", "Claims of runs by workers.", counts.claims);
  families.counter("leases_lost", "Leases of workers that ran out.", counts.lost);
}

// The figures of the database and the allocator, to compare the memory account with.
void add_measured(Families& families, const StoreMemory& store, const HeapUse& heap) {
  families.gauges(
      "store_memory_bytes", "Memory of the database, by its own figures.",
      {{"unwritten", store.unwritten}, {"cache", store.cache}, {"indexes", store.indexes}});
  families.gauges("heap_bytes", "The heap: used, free, and resident.",
                  {{"used", heap.used}, {"free", heap.free}, {"resident", heap.resident}});
}

}  // namespace

std::string metrics_page(const Measures& measures) {
  Families families;
  if (measures.memory) add_memory(families, *measures.memory);
  add_measured(families, measures.store, measures.heap);
  add_engine(families, measures.metrics);
  if (!measures.agents.empty()) families.agent_runs(measures.agents);
  if (measures.claims) add_claims(families, *measures.claims);
  add_front(families, measures.front);
  return families.text();
}

}  // namespace lockstep
