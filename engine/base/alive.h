// SPDX-License-Identifier: Apache-2.0
// alive.h: guards callbacks, so that they do nothing after their owner is destroyed.
//
// An object posts tasks to its strand and gives callbacks to others, and may be destroyed before
// they run. So it has an `Alive` as its last member, and hands out guarded callables:
//
//   executor.post(alive_.guard([this] { work(); }));
//
// A guarded callable may be called any number of times; after the owner's end it does nothing. It
// keeps its captures alive, but not the owner. The last member is destroyed first, so a guarded
// call never meets an owner that is half destroyed.
//
// An owner that wants to cancel some of its callbacks guards them with an `std::optional<Alive>`,
// and resets it.
//
// Lives on: any strand. The owner must be destroyed on the strand on which the guarded callables
// are called; they may be moved and destroyed on any thread.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace lockstep {

class Alive {
  struct Token {};

 public:
  Alive() = default;
  ~Alive() = default;
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;

  // For the owner's own use, around a call that may destroy it.
  class Watch {
   public:
    explicit Watch(const Alive& alive) : token_(alive.token_) {}
    [[nodiscard]] bool ended() const { return token_.expired(); }

   private:
    std::weak_ptr<const Token> token_;
  };
  [[nodiscard]] Watch watch() const { return Watch(*this); }

  template <class Call>
  [[nodiscard]] auto guard(Call call) const {
    return [watch = watch(), call = std::move(call)]<class... Args>(Args&&... args) mutable
      requires std::is_invocable_v<Call&, Args...>
    {
      static_assert(std::is_void_v<std::invoke_result_t<Call&, Args...>>,
                    "a guarded call may not run, so it returns nothing");
      if (!watch.ended()) call(std::forward<Args>(args)...);
    };
  }

 private:
  std::shared_ptr<const Token> token_ = std::make_shared<Token>();
};

}  // namespace lockstep
