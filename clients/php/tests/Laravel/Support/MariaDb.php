<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

/** A MariaDB of the test's own, on a socket in a directory that goes with it. One for all tests of a process. */
final class MariaDb
{
    private static ?self $started = null;
    private readonly string $directory;
    /** @var resource|null */
    private $process;

    private function __construct()
    {
        // In memory where there is such a place: each test makes its tables anew.
        $this->directory = (is_writable('/dev/shm') ? '/dev/shm' : sys_get_temp_dir()) . '/cgm' . getmypid() . bin2hex(random_bytes(2));
        mkdir($this->directory, 0700);
        register_shutdown_function(fn () => $this->remove());
        $log = ['file', "$this->directory/log", 'a'];
        // It refuses root, unless it is told so.
        $common = ['--no-defaults', "--datadir=$this->directory/data", ...(posix_geteuid() === 0 ? ['--user=root'] : [])];
        $install = proc_open(['mariadb-install-db', ...$common, '--auth-root-authentication-method=normal', '--skip-test-db'], [['file', '/dev/null', 'r'], $log, $log], $pipes);
        if ($install === false || proc_close($install) !== 0) {
            throw new \RuntimeException('mariadb-install-db failed: ' . $this->log());
        }
        $words = ['mariadbd', ...$common, "--socket=$this->directory/s", "--pid-file=$this->directory/pid", '--skip-networking', '--innodb-buffer-pool-size=32M',
            // Nothing of it is to outlive the machine.
            '--innodb-flush-log-at-trx-commit=0', '--innodb-flush-method=nosync', '--skip-innodb-doublewrite', '--sync-frm=OFF'];
        $this->process = proc_open($words, [['file', '/dev/null', 'r'], $log, $log], $pipes, $this->directory) ?: null;
        Eventually::is(fn (): bool => $this->answers() || !$this->isRunning(), 'MariaDB answers', fn (): string => $this->log());
        if (!$this->isRunning()) {
            throw new \RuntimeException('MariaDB did not start: ' . $this->log());
        }
    }

    /** @return array<string, mixed> for Eloquent: an empty database of this name */
    public static function database(string $name): array
    {
        self::$started ??= new self();
        self::$started->connection()->exec("DROP DATABASE IF EXISTS `$name`; CREATE DATABASE `$name` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
        return [
            'driver' => 'mysql', 'unix_socket' => self::$started->directory . '/s', 'host' => 'localhost', 'database' => $name, 'username' => 'root', 'password' => '',
            'charset' => 'utf8mb4', 'collation' => 'utf8mb4_unicode_ci', 'prefix' => '', 'strict' => true,
        ];
    }

    private function connection(): \PDO
    {
        return new \PDO("mysql:unix_socket=$this->directory/s", 'root', '', [\PDO::ATTR_ERRMODE => \PDO::ERRMODE_EXCEPTION]);
    }

    private function answers(): bool
    {
        try {
            $this->connection();
            return true;
        } catch (\PDOException) {
            return false;
        }
    }

    private function isRunning(): bool
    {
        return $this->process !== null && proc_get_status($this->process)['running'];
    }

    private function log(): string
    {
        return (string) @file_get_contents("$this->directory/log");
    }

    private function remove(): void
    {
        if ($this->process !== null) {
            proc_terminate($this->process, SIGKILL);
            proc_close($this->process);
            $this->process = null;
        }
        exec('rm -rf ' . escapeshellarg($this->directory));
    }
}
