"""The emulator alone: these tests need neither our application nor its database."""

from tests.emulator.conftest import alpha, beta, emulator, emulator_process, receiver

__all__ = ["alpha", "beta", "emulator", "emulator_process", "receiver"]
