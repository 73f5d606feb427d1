#include "pipeline/flows/epoch_fault_sweep.h"

namespace millpond::pipeline {
namespace {

TEST_P(EpochFaultTest, SomeStepsFail) {
  Sweep(GetParam(), /*afterwards=*/false, 97);
  Sweep(GetParam(), /*afterwards=*/true, 131);
}

INSTANTIATE_TEST_SUITE_P(Modes, EpochFaultTest,
                         ::testing::Values(FaultyFileSystem::Mode::kOnce,
                                           FaultyFileSystem::Mode::kFromThenOn));

}  // namespace
}  // namespace millpond::pipeline
