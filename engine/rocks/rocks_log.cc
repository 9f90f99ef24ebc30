#include "engine/rocks/rocks_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr const char* lock_name = "lock";
constexpr const char* mark_name = "commits";
constexpr const char* database_name = "rocks";

std::unexpected<Error> failed(const std::string& what, const std::string& why) {
  return fail(Kind::unavailable, "disk", what + ": " + why);
}

// Nothing but ours may lie in the folder: a wrong path in a command should not be written into.
Result<void> check_folder(const std::string& folder) {
  constexpr std::array<std::string_view, 3> ours{lock_name, mark_name, database_name};
  std::error_code error;
  fs::directory_iterator it(folder, error);
  if (error) return failed(folder, error.message());
  bool known = fs::exists(fs::path(folder) / database_name, error);
  for (const auto& file : it) {
    std::string name = file.path().filename().string();
    if (known || std::ranges::find(ours, name) != ours.end()) continue;
    return fail(Kind::rejected, "not_a_store",
                folder + " is not a store: it holds `" + name + "` and no database of ours");
  }
  return {};
}

Result<int> take_lock(const std::string& folder) {
  std::string path = (fs::path(folder) / lock_name).string();
  int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return failed(path, std::system_category().message(errno));
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  int error = errno;
  ::close(lock);
  if (error != EWOULDBLOCK) return failed(path, std::system_category().message(error));
  return fail(Kind::unavailable, "locked",
              folder + " is open in another process, which alone may write to it");
}

}  // namespace

Result<std::unique_ptr<RocksLog>> RocksLog::open(const std::string& folder, Parts parts,
                                                 FailStop::Action on_failure) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return failed(folder, error.message());
  if (auto ours = check_folder(folder); !ours) return std::unexpected(ours.error());
  std::unique_ptr<RocksLog> rocks(new RocksLog(std::move(on_failure)));
  auto lock = take_lock(folder);
  if (!lock) return std::unexpected(lock.error());
  rocks->lock_ = *lock;
  auto database = (fs::path(folder) / database_name).string();
  auto kv = RocksKv::open(database, parts.options, rocks->fail_stop_);
  if (!kv) return std::unexpected(kv.error());
  rocks->kv_ = std::move(*kv);
  auto mark = MarkFile::open((fs::path(folder) / mark_name).string(), MarkFile::Mode::read_write);
  if (!mark) return std::unexpected(mark.error());
  rocks->mark_ = std::move(*mark);
  auto log = KvLog::open({.kv = *rocks->kv_,
                          .mark = *rocks->mark_,
                          .fail_stop = rocks->fail_stop_,
                          .executor = parts.executor,
                          .random = parts.random});
  if (!log) return std::unexpected(log.error());
  rocks->log_ = std::move(*log);
  rocks->committer_ =
      std::make_unique<CommitterThread>(rocks->log_->queue(), rocks->log_->committer());
  return rocks;
}

Result<std::unique_ptr<RocksLog>> RocksLog::open_read_only(const std::string& folder, Parts parts) {
  std::error_code error;
  auto database = (fs::path(folder) / database_name).string();
  if (!fs::exists(database, error)) {
    return fail(Kind::not_found, "no_store", "there is no store in " + folder);
  }
  std::unique_ptr<RocksLog> rocks(new RocksLog([](const std::string&) {}));
  auto scratch = (fs::temp_directory_path(error) / "lockstep-reader-XXXXXX").string();
  if (error || ::mkdtemp(scratch.data()) == nullptr) {
    return failed(scratch, "a folder for the reader can't be made");
  }
  rocks->scratch_ = scratch;
  // The mark first: what it names was durable before the database is looked at.
  auto mark = MarkFile::open((fs::path(folder) / mark_name).string(), MarkFile::Mode::read_only);
  if (!mark) return std::unexpected(mark.error());
  rocks->mark_ = std::move(*mark);
  auto kv = RocksKv::open_read_only(database, parts.options, scratch);
  if (!kv) return std::unexpected(kv.error());
  rocks->kv_ = std::move(*kv);
  auto log = KvLog::open({.kv = *rocks->kv_,
                          .mark = *rocks->mark_,
                          .fail_stop = rocks->fail_stop_,
                          .executor = parts.executor,
                          .random = parts.random,
                          .access = Access::read_only});
  if (!log) return std::unexpected(log.error());
  rocks->log_ = std::move(*log);
  return rocks;
}

RocksLog::~RocksLog() {
  committer_.reset();
  log_.reset();
  kv_.reset();
  mark_.reset();
  if (lock_ >= 0) ::close(lock_);
  std::error_code error;
  if (!scratch_.empty()) fs::remove_all(scratch_, error);
}

}  // namespace lockstep
