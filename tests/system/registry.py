"""The list of system tests: a function with @scenario is one, named by the disaster that it brings about."""

scenarios = {}


def scenario(function):
    scenarios[function.__name__] = function
    return function
