// SPDX-License-Identifier: Apache-2.0
#include "tests/rocks/power_cut_files.h"

#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

namespace lockstep {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using Handle = PowerCutDisk::FileHandle;

IOStatus powerless() { return IOStatus::IOError("the power is gone"); }
IOStatus missing(const std::string& path) { return IOStatus::NotFound(path); }
IOStatus status(bool works) { return works ? IOStatus::OK() : powerless(); }
std::string_view view(const Slice& slice) { return {slice.data(), slice.size()}; }

class Writable : public rocksdb::FSWritableFile {
 public:
  Writable(PowerCutDisk& disk, Handle file) : disk_(disk), file_(std::move(file)) {}

  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return status(disk_.append(*file_, view(data)));
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    return status(disk_.truncate(*file_, size));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return status(disk_.flush(*file_)); }
  // A hint to begin writing is no promise.
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override {
    return disk_.size(*file_);
  }

 private:
  PowerCutDisk& disk_;
  Handle file_;
};

class Sequential : public rocksdb::FSSequentialFile {
 public:
  Sequential(PowerCutDisk& disk, Handle file) : disk_(disk), file_(std::move(file)) {}

  IOStatus Read(std::size_t count, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) override {
    std::size_t got = disk_.read(*file_, at_, count, scratch);
    at_ += got;
    *result = Slice(scratch, got);
    return IOStatus::OK();
  }
  IOStatus Skip(std::uint64_t count) override {
    at_ += count;
    return IOStatus::OK();
  }

 private:
  PowerCutDisk& disk_;
  Handle file_;
  std::size_t at_ = 0;
};

class RandomAccess : public rocksdb::FSRandomAccessFile {
 public:
  RandomAccess(PowerCutDisk& disk, Handle file) : disk_(disk), file_(std::move(file)) {}

  IOStatus Read(std::uint64_t at, std::size_t count, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    *result = Slice(scratch, disk_.read(*file_, at, count, scratch));
    return IOStatus::OK();
  }

 private:
  PowerCutDisk& disk_;
  Handle file_;
};

class Folder : public rocksdb::FSDirectory {
 public:
  Folder(PowerCutDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return status(disk_.flush_folder(path_));
  }

 private:
  PowerCutDisk& disk_;
  std::string path_;
};

class SilentLogger : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
  [[nodiscard]] std::size_t GetLogFileSize() const override { return 0; }
};

class Files : public rocksdb::FileSystem {
 public:
  explicit Files(PowerCutDisk& disk) : disk_(disk) {}

  [[nodiscard]] const char* Name() const override { return "PowerCutFiles"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext*) override {
    return open<Sequential>(path, result);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext*) override {
    return open<RandomAccess>(path, result);
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext*) override {
    Handle file = disk_.create(path);
    if (file == nullptr) return powerless();
    *result = std::make_unique<Writable>(disk_, std::move(file));
    return IOStatus::OK();
  }
  IOStatus ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("logs are not recycled");
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext*) override {
    *result = std::make_unique<Folder>(disk_, bare(path));
    return IOStatus::OK();
  }
  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    return disk_.open(path) != nullptr || disk_.is_folder(bare(path)) ? IOStatus::OK()
                                                                      : missing(path);
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* names,
                       IODebugContext*) override {
    *names = disk_.names_in(bare(path));
    return disk_.is_folder(bare(path)) ? IOStatus::OK() : missing(path);
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    if (disk_.open(path) == nullptr) return missing(path);
    return status(disk_.remove(path));
  }
  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    disk_.make_folder(bare(path));
    return IOStatus::OK();
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& options,
                              IODebugContext* context) override {
    return CreateDir(path, options, context);
  }
  IOStatus DeleteDir(const std::string&, const IOOptions&, IODebugContext*) override {
    return IOStatus::NotSupported("folders stay");
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, std::uint64_t* size,
                       IODebugContext*) override {
    Handle file = disk_.open(path);
    if (file == nullptr) return missing(path);
    *size = disk_.size(*file);
    return IOStatus::OK();
  }
  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, std::uint64_t* time,
                                   IODebugContext*) override {
    *time = 0;
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                      IODebugContext*) override {
    if (disk_.open(from) == nullptr) return missing(from);
    return status(disk_.rename(from, to));
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions&,
                    IODebugContext*) override {
    return status(disk_.link(from, to));
  }
  IOStatus LockFile(const std::string&, const IOOptions&, rocksdb::FileLock** lock,
                    IODebugContext*) override {
    *lock = new rocksdb::FileLock();
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    delete lock;
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string* path, IODebugContext*) override {
    *path = "/test";
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* logger,
                     IODebugContext*) override {
    *logger = std::make_shared<SilentLogger>();
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute,
                           IODebugContext*) override {
    *absolute = path;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is,
                       IODebugContext*) override {
    *is = disk_.is_folder(bare(path));
    return IOStatus::OK();
  }

 private:
  static std::string bare(const std::string& path) {
    return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
  }
  template <class Kind, class Result>
  IOStatus open(const std::string& path, Result* result) {
    Handle file = disk_.open(path);
    if (file == nullptr) return missing(path);
    *result = std::make_unique<Kind>(disk_, std::move(file));
    return IOStatus::OK();
  }

  PowerCutDisk& disk_;
};

// After an error of its background work RocksDB sleeps for a second before it lets itself be
// closed.
class SleeplessClock : public rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  [[nodiscard]] const char* Name() const override { return "SleeplessClock"; }
  void SleepForMicroseconds(int) override {}
};

class Machine : public rocksdb::EnvWrapper {
 public:
  explicit Machine(const std::shared_ptr<Files>& files)
      : EnvWrapper(rocksdb::NewCompositeEnv(files)) {
    file_system_ = files;
    system_clock_ = std::make_shared<SleeplessClock>(rocksdb::SystemClock::Default());
  }
  [[nodiscard]] const char* Name() const override { return "PowerCutMachine"; }
};

}  // namespace

std::unique_ptr<rocksdb::Env> power_cut_files(PowerCutDisk& disk) {
  return std::make_unique<Machine>(std::make_shared<Files>(disk));
}

}  // namespace lockstep
