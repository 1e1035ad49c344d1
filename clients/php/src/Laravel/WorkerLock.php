<?php

declare(strict_types=1);

namespace Cognate\Laravel;

/**
 * One worker at a time. The lock ends by itself when it is not renewed; a worker that died on this machine is seen at once. Two at a
 * time, as after one was suspended for long, do no harm: the hub counts a change once, the inbox a delivery, and the outbox lets go of
 * a change only as it was read. They only do the work twice.
 */
final class WorkerLock
{
    public const SECONDS = 90;
    private const NO_SUCH_PROCESS = 3;
    private readonly string $owner;
    private float $renewed = 0.0;

    /**
     * @param string $name of its row among the settings
     * @param float $renewEvery seconds
     */
    public function __construct(private readonly Settings $settings, private readonly string $name = 'worker', private readonly float $renewEvery = 10.0)
    {
        $this->owner = implode(' ', [gethostname(), getmypid(), bin2hex(random_bytes(6)), self::namespace()]);
    }

    public function acquire(): bool
    {
        $table = fn () => $this->settings->connection()->table(Settings::TABLE);
        $table()->insertOrIgnore(['name' => $this->name, 'expires' => 0]);
        $holder = $this->holder();
        $query = $table()->where('name', $this->name)->where(function ($query) use ($holder): void {
            $query->where('expires', '<', time())->orWhereNull('value');
            if ($holder !== null && ($holder === $this->owner || self::isDead($holder))) {
                $query->orWhere('value', $holder);
            }
        });
        $query->update(['value' => $this->owner, 'expires' => time() + self::SECONDS]);
        $this->renewed = microtime(true);
        // Not by the count of changed rows: MySQL counts none where the values were the same before.
        return $this->holder() === $this->owner;
    }

    /** Renews it now and then. False: somebody else has it by now, and the work is theirs. */
    public function keep(): bool
    {
        return microtime(true) - $this->renewed < $this->renewEvery || $this->renew();
    }

    /** False: somebody else has it now. */
    public function renew(): bool
    {
        $this->settings->connection()->table(Settings::TABLE)->where('name', $this->name)->where('value', $this->owner)->update(['expires' => time() + self::SECONDS]);
        $this->renewed = microtime(true);
        return $this->holder() === $this->owner;
    }

    public function release(): void
    {
        $this->settings->connection()->table(Settings::TABLE)->where('name', $this->name)->where('value', $this->owner)
            ->update(['value' => null, 'expires' => 0]);
    }

    /** `host pid word namespace` of whoever has it; null: nobody. */
    public function holder(): ?string
    {
        return $this->settings->get($this->name);
    }

    /** Whether it is known to be: what cannot be seen from here may be alive, and its lock ends by itself. */
    private static function isDead(string $holder): bool
    {
        [$host, $pid, , $namespace] = explode(' ', $holder) + ['', '0', '', ''];
        $pid = (int) $pid;
        if ($host !== gethostname() || $pid <= 0 || $namespace !== self::namespace()) {
            return false;
        }
        if (function_exists('posix_kill')) {
            // Somebody else's process says that it may not be asked: it is there.
            return !posix_kill($pid, 0) && posix_get_last_error() === self::NO_SUCH_PROCESS;
        }
        // Processes of other users may be hidden.
        $mounts = (string) @file_get_contents('/proc/self/mounts');
        return $mounts !== '' && !str_contains($mounts, 'hidepid=') && !is_dir("/proc/$pid");
    }

    /** Containers may share a host's name, and each counts its processes for itself. */
    private static function namespace(): string
    {
        return preg_replace('/\W/', '', (string) @readlink('/proc/self/ns/pid')) ?: '-';
    }
}
