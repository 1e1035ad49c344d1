<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Cognate\Laravel\Exceptions\InvalidDefinition;
use Illuminate\Contracts\Container\Container;

/** Laravel's disks, as config/filesystems.php names them. */
final class Disks
{
    /** @var array<string, Disk> */
    private array $disks = [];

    public function __construct(private readonly Container $container)
    {
    }

    /** @throws InvalidDefinition where there is no such disk */
    public function get(string $name): Disk
    {
        return $this->disks[$name] ??= $this->make($name);
    }

    private function make(string $name): Disk
    {
        $config = $this->container->make('config')->get("filesystems.disks.$name");
        if (!is_array($config)) {
            throw new InvalidDefinition("cognate: got the disk \"$name\" for files, want one of config/filesystems.php");
        }
        $isPlain = ($config['driver'] ?? '') === 'local' && ($config['prefix'] ?? '') === '' && is_string($config['root'] ?? null);
        if ($isPlain) {
            return new LocalDisk($name, $config['root'], ($config['visibility'] ?? 'public') === 'private');
        }
        return new AdapterDisk($name, $this->container->make('filesystem')->disk($name), $this->scratch() . '/' . preg_replace('/\W+/', '-', $name));
    }

    private function scratch(): string
    {
        $home = method_exists($this->container, 'storagePath') ? $this->container->storagePath() : sys_get_temp_dir();
        return "$home/framework/cognate";
    }
}
