<?php

declare(strict_types=1);

namespace Cognate\Tests\Client\Support;

/** A program that runs beside the tests and ends with them, also when they are killed. */
final class Program
{
    /** @var resource */
    private $process;

    /**
     * @param list<string> $command
     * @param array<string, string> $environment beyond that of the tests
     */
    public function __construct(array $command, string $directory, private readonly string $log, array $environment = [])
    {
        $output = ['file', $log, 'a'];
        $process = proc_open(
            ['setpriv', '--pdeathsig', 'TERM', '--', ...$command],
            [0 => ['file', '/dev/null', 'r'], 1 => $output, 2 => $output],
            $pipes,
            $directory,
            $environment + getenv()
        );
        if (!is_resource($process)) {
            throw new \RuntimeException("cannot start {$command[0]}");
        }
        $this->process = $process;
        register_shutdown_function($this->stop(...));
    }

    public function isRunning(): bool
    {
        return is_resource($this->process) && proc_get_status($this->process)['running'];
    }

    public function log(): string
    {
        return is_file($this->log) ? (string) file_get_contents($this->log) : '';
    }

    public function stop(): void
    {
        if (!is_resource($this->process)) {
            return;
        }
        proc_terminate($this->process, SIGTERM);
        Wait::until(fn (): bool => !$this->isRunning());
        proc_close($this->process);
    }
}
