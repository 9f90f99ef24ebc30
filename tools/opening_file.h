// opening_file.h: the mark of the thread that is being opened, as a file.
//
//   0   number:8be      0: none
//
// It lies beside the database as `opening`, is overwritten in place and never synced: it has to
// outlive the process, not the machine. A file that can't be read says nothing: then no thread is
// suspected.
//
// Lives on: the engine strand.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/opening.h"
#include "engine/result.h"

namespace lockstep {

class OpeningFile final : public OpeningMarker {
 public:
  // `data`: the folder of the store. Fails with `disk`.
  [[nodiscard]] static Result<std::unique_ptr<OpeningFile>> open(const std::string& data);
  ~OpeningFile() override;
  OpeningFile(const OpeningFile&) = delete;
  OpeningFile& operator=(const OpeningFile&) = delete;

  [[nodiscard]] std::optional<ThreadNumber> found() const override { return found_; }
  void set(ThreadNumber thread) override { write(thread); }
  void clear() override { write(ThreadNumber()); }

 private:
  explicit OpeningFile(int file);
  void write(ThreadNumber thread);

  int file_;
  std::optional<ThreadNumber> found_;
};

}  // namespace lockstep
