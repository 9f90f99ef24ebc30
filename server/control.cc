// SPDX-License-Identifier: Apache-2.0
#include "server/control.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <thread>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/try.h"
#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/base/limits.h"
#include "server/control_limits.h"

namespace lockstep {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

std::string problem_line(const Error& error) {
  std::string line = "{\"problem\":{";
  append_field(line, "code", error.code);
  append_field(line, "detail", error.detail);
  return line + "}}\n";
}

std::string progress_line(std::uint64_t bytes) {
  std::string line = "{";
  append_field_number(line, "progress", bytes);
  return line + "}\n";
}

std::unexpected<Error> invalid(std::string why) {
  return fail(Kind::rejected, codes::invalid, std::move(why));
}

Result<BackupOrder> order_of(std::string_view line) {
  const auto read = read_json(line, {.depth_max = limits::request_depth_max});
  if (!read || !read->root().is_object()) return invalid("the order must be a JSON object");
  const JsonNode object = read->root();
  const auto what = object.find("do");
  if (!what || what->text() != "backup") return invalid("`do` must be `backup`");
  BackupOrder order;
  const auto to = object.find("to");
  if (to && to->is_string()) order.to = std::string(to->text());
  // The server and its caller have different working directories.
  if (!order.to.starts_with('/')) return invalid("`to` must be an absolute path");
  if (const auto keep = object.find("keep")) {
    const std::int64_t number = keep->integer().value_or(0);
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    if (number < 1 || number > most) {
      return invalid("`keep` must be an integer from 1 to " + std::to_string(most));
    }
    order.keep = static_cast<std::uint32_t>(number);
  }
  return order;
}

// One connection. Its lines wait in `next_` while it writes one.
class ControlCaller : public std::enable_shared_from_this<ControlCaller> {
 public:
  explicit ControlCaller(stream_protocol::socket socket) : socket_(std::move(socket)) {}

  void read_order(std::function<void(std::string)> got) {
    asio::async_read_until(
        socket_, asio::dynamic_buffer(in_, limits::control_line_bytes_max), '\n',
        [self = shared_from_this(), got = std::move(got)](error_code error, std::size_t size) {
          if (!error) got(self->in_.substr(0, size));
        });
  }

  // The caller has sent its order: a read now ends when it hangs up. Further bytes do not matter.
  void await_end(std::function<void()> ended) {
    socket_.async_read_some(
        asio::buffer(rest_),
        [self = shared_from_this(), ended = std::move(ended)](error_code error, std::size_t) {
          if (!error) return self->await_end(ended);
          ended();
        });
  }

  // Drops progress that the caller does not read: it must not fill the memory.
  void tell(const std::string& line) {
    if (out_.size() + next_.size() < limits::control_line_bytes_max) say(line);
  }
  void say(const std::string& line) {
    next_ += line;
    if (out_.empty()) write();
  }
  void finish(const std::string& line) {
    last_ = true;
    say(line);
  }
  // A blocking write, for the destructor: the strand does not run any more.
  void finish_now(const std::string& line) {
    error_code ignored;
    if (out_.empty()) asio::write(socket_, asio::buffer(next_ + line), ignored);
    hang_up();
  }
  void hang_up() {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  void write() {
    if (next_.empty()) {
      if (last_) hang_up();
      return;
    }
    out_ = std::exchange(next_, {});
    asio::async_write(socket_, asio::buffer(out_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        self->out_.clear();
                        if (!error) self->write();
                      });
  }

  stream_protocol::socket socket_;
  std::string in_;
  std::array<char, 1> rest_{};
  std::string out_;   // being written
  std::string next_;  // written next
  bool last_ = false;
};

// Says on the strand how far the work on another thread has come.
auto teller(asio::io_context& context, std::shared_ptr<ControlCaller> caller) {
  return [&context, caller = std::move(caller)](std::uint64_t bytes) {
    asio::post(context, [caller, bytes] { caller->tell(progress_line(bytes)); });
  };
}

}  // namespace

struct Control::Inside : std::enable_shared_from_this<Inside> {
  Inside(ControlParts given, std::string at)
      : parts(std::move(given)),
        path(std::move(at)),
        acceptor(parts.context),
        pause(parts.context) {}

  Result<void> listen();
  void accept();
  void accept_later();
  void take(const std::shared_ptr<ControlCaller>& caller, const std::string& line);
  void begin(const std::shared_ptr<ControlCaller>& caller, BackupOrder order);
  std::string account();

  ControlParts parts;
  std::string path;
  stream_protocol::acceptor acceptor;
  asio::steady_timer pause;
  std::shared_ptr<ControlCaller> served;                     // the caller of the running backup
  std::shared_ptr<std::optional<Result<std::string>>> made;  // the thread's, until it has ended
  std::jthread thread;
  bool stopping = false;
};

Result<void> Control::Inside::listen() {
  ::unlink(path.c_str());
  error_code error;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Kind::unavailable, codes::unavailable,
                path + " is too long for a socket: give the store's folder a shorter path");
  }
  const stream_protocol::endpoint endpoint(path);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.bind(endpoint, error);
  // Set the mode before `listen`: until then no process can connect, also with an open umask.
  if (!error && ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) {
    error.assign(errno, boost::system::system_category());
  }
  if (!error) acceptor.listen(limits::control_callers_max, error);
  if (error) return fail(Kind::unavailable, codes::unavailable, path + ": " + error.message());
  accept();
  return {};
}

void Control::Inside::accept() {
  acceptor.async_accept(
      [self = weak_from_this()](error_code error, stream_protocol::socket socket) {
        const auto inside = self.lock();
        if (!inside || inside->stopping || error == asio::error::operation_aborted) return;
        if (error) return inside->accept_later();
        const auto caller = std::make_shared<ControlCaller>(std::move(socket));
        caller->read_order([self, weak = std::weak_ptr(caller)](const std::string& line) {
          const auto now = self.lock();
          const auto asking = weak.lock();
          if (now && asking) now->take(asking, line);
        });
        inside->accept();
      });
}

// Most likely the process has no free file descriptors: retry after a pause.
void Control::Inside::accept_later() {
  pause.expires_after(limits::accept_pause);
  pause.async_wait([self = weak_from_this()](error_code error) {
    const auto inside = self.lock();
    if (!error && inside && !inside->stopping) inside->accept();
  });
}

void Control::Inside::take(const std::shared_ptr<ControlCaller>& caller, const std::string& line) {
  auto order = order_of(line);
  if (!order) return caller->finish(problem_line(order.error()));
  if (stopping) {
    return caller->finish(
        problem_line({Kind::unavailable, codes::stopped,
                      "the server is stopping: start the backup again without it"}));
  }
  if (served) {
    return caller->finish(problem_line(
        {Kind::unavailable, codes::busy, "another backup is running: try again when it is done"}));
  }
  begin(caller, std::move(*order));
}

void Control::Inside::begin(const std::shared_ptr<ControlCaller>& caller, BackupOrder order) {
  served = caller;
  made = std::make_shared<std::optional<Result<std::string>>>();
  parts.log.info("backup_begun", {{"to", order.to}});
  thread = std::jthread([&context = parts.context, make = parts.make_backup,
                         caller = std::shared_ptr(caller), order = std::move(order), result = made,
                         self = weak_from_this()](const std::stop_token& stop) mutable {
    *result = make(order, stop, teller(context, caller));
    // The caller's socket belongs to the strand: move the last reference there, so that the strand
    // destroys it and not this thread.
    asio::post(context, [caller = std::move(caller), self = std::move(self)] {
      const auto inside = self.lock();
      if (!inside || inside->served != caller) return;
      inside->served.reset();
      caller->finish(inside->account());
    });
  });
  caller->await_end([self = weak_from_this(), weak = std::weak_ptr(caller)] {
    const auto inside = self.lock();
    if (inside && inside->served && inside->served == weak.lock()) inside->thread.request_stop();
  });
}

// The last line for the caller; also writes one to the operator's log.
std::string Control::Inside::account() {
  const Result<std::string>& result = **made;
  if (result) {
    parts.log.info("backup_made", {{"backup", *result}});
    return "{\"done\":" + *result + "}\n";
  }
  const bool asked = result.error().code == codes::stopped;
  const std::string& detail = result.error().detail;
  asked ? parts.log.info("backup_stopped") : parts.log.error("backup_failed", {{"why", detail}});
  return problem_line(result.error());
}

Result<std::unique_ptr<Control>> Control::open(ControlParts parts, const std::string& path) {
  auto inside = std::make_shared<Inside>(std::move(parts), path);
  TRY(inside->listen());
  return std::unique_ptr<Control>(new Control(std::move(inside)));
}

Control::Control(std::shared_ptr<Inside> inside) : inside_(std::move(inside)) {}

Control::~Control() {
  stop();
  if (inside_->thread.joinable()) inside_->thread.join();
  if (inside_->served) inside_->served->finish_now(inside_->account());
}

void Control::stop() {
  if (std::exchange(inside_->stopping, true)) return;
  error_code ignored;
  inside_->acceptor.close(ignored);
  ::unlink(inside_->path.c_str());
  inside_->thread.request_stop();
}

std::string Control::path_in(const std::string& data) {
  return (std::filesystem::path(data) / "control").string();
}

}  // namespace lockstep
