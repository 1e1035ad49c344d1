<?php

declare(strict_types=1);

namespace Cognate\Laravel\Console;

use Illuminate\Console\Command as ConsoleCommand;

/** What the commands share: words of the application's language. */
abstract class Command extends ConsoleCommand
{
    /** @param array<string, string|int|float> $values */
    protected function words(string $key, array $values = []): string
    {
        $sentence = $this->laravel->make('translator')->get("cognate::messages.$key", array_map('strval', $values));
        return is_string($sentence) ? $sentence : $key;
    }

    /** @param array<string, string|int|float> $values */
    protected function say(string $key, array $values = []): void
    {
        $this->line($this->words($key, $values));
    }

    /** @param array<string, string|int|float> $values */
    protected function complain(string $key, array $values = []): void
    {
        $this->error($this->words($key, $values));
    }
}
