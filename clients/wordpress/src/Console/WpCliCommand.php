<?php

declare(strict_types=1);

namespace Cognate\WordPress\Console;

/** Keeps this site the same as others, by Cognate. */
final class WpCliCommand
{
    public function __construct(private readonly Commands $commands)
    {
    }

    /**
     * Keeps this site the same as others, by Cognate.
     *
     * ## OPTIONS
     *
     * <command>
     * : enrol, status, doctor, work, push, pull, retry or moved; `help` says what each does.
     *
     * [--<option>=<value>]
     * : of the command.
     *
     * @param list<string> $words
     * @param array<string, string|bool> $options
     */
    public function __invoke(array $words, array $options): void
    {
        try {
            $code = $this->commands->run($words[0] ?? '', $options, static fn (string $sentence) => \WP_CLI::line($sentence));
        } catch (\Throwable $error) {
            \WP_CLI::error($error->getMessage());
        }
        \WP_CLI::halt($code ?? 1);
    }
}
