// Minutes: every few steps of an epoch fail, in each of four ways.
#include "pipeline/flows/epoch_fault_sweep.h"

namespace millpond::pipeline {
namespace {

TEST_P(EpochFaultTest, EveryStepFails) {
  Sweep(GetParam(), /*afterwards=*/false, 7);
  Sweep(GetParam(), /*afterwards=*/true, 11);
  SweepRefresh(GetParam(), 13);
}

INSTANTIATE_TEST_SUITE_P(Modes, EpochFaultTest,
                         ::testing::Values(FaultyFileSystem::Mode::kOnce,
                                           FaultyFileSystem::Mode::kFromThenOn));

}  // namespace
}  // namespace millpond::pipeline
