<?php

declare(strict_types=1);

namespace Cognate\Laravel\Console;

use Cognate\Client\Cognate;
use Cognate\Laravel\Connections;
use Cognate\Laravel\Options;
use Cognate\Laravel\OwnTables;
use Cognate\V1\EnrolPlatformRequest;

/** Puts the configuration, the tables and, with a token, the key where they belong. Safe to run again. */
final class InstallCommand extends Command
{
    /** More than a key has. */
    private const KEY_BYTES = 512;

    protected $signature = 'cognate:install
        {--token-file= : A file with the enrolment token that the hub\'s operator has sent}
        {--key-file= : Where the key is put; default: storage/cognate.key}
        {--tables : Only make the tables that are missing}';
    protected $description = 'Prepare this application: configuration, tables, and the platform\'s key';

    public function handle(Connections $connections, Options $options): int
    {
        if (!$this->option('tables')) {
            $this->config();
        }
        $names = [];
        foreach ($connections->all() as $name => $connection) {
            OwnTables::create($connection);
            $names[] = $name;
        }
        $this->say('install.tables', ['connections' => implode(', ', $names)]);
        if ($this->option('token-file') !== null && !$this->enrol($options)) {
            return self::FAILURE;
        }
        if (!$this->option('tables')) {
            $this->say('install.next');
            $this->line('    * * * * * ' . PHP_BINARY . ' ' . $this->laravel->basePath('artisan') . ' cognate:work --max-seconds=' . $options->maxSeconds);
            $this->say('install.check');
        }
        return self::SUCCESS;
    }

    private function config(): void
    {
        $target = $this->laravel->configPath('cognate.php');
        if (is_file($target)) {
            $this->say('install.kept');
            return;
        }
        if (!is_dir(dirname($target))) {
            mkdir(dirname($target), 0775, true);
        }
        copy(__DIR__ . '/../../../config/cognate.php', $target);
        $this->say('install.config');
    }

    private function enrol(Options $options): bool
    {
        $file = (string) ($this->option('key-file') ?? $options->hub['key_file'] ?? $this->laravel->storagePath() . '/cognate.key');
        $token = trim((string) @file_get_contents((string) $this->option('token-file')));
        if ($token === '') {
            $this->complain('install.no_token', ['file' => (string) $this->option('token-file')]);
            return false;
        }
        if (file_exists($file)) {
            $this->complain('install.key_exists', ['file' => $file]);
            return false;
        }
        // Before the token is spent, which works once: that there is a place for the key, and room in it.
        $former = umask(0077);
        $key = @fopen($file, 'x');
        umask($former);
        if ($key === false) {
            $this->complain('install.key_unwritable', ['file' => $file]);
            return false;
        }
        try {
            return $this->fetchKey($options, $token, $file, $key);
        } finally {
            $bytes = fstat($key)['size'] ?? 0;
            fclose($key);
            if ($bytes === 0) {
                unlink($file);
            }
        }
    }

    /** @param resource $key */
    private function fetchKey(Options $options, string $token, string $file, $key): bool
    {
        $isKept = @fwrite($key, str_repeat("\n", self::KEY_BYTES)) === self::KEY_BYTES && fsync($key);
        ftruncate($key, 0);
        rewind($key);
        if (!$isKept) {
            $this->complain('install.key_unwritable', ['file' => $file]);
            return false;
        }
        $hub = array_diff_key(array_filter($options->hub), ['key' => 1, 'key_file' => 1]);
        $answer = Cognate::connect($hub)->key()->enrolPlatform((new EnrolPlatformRequest())->setToken($token)->setDisplayName((string) gethostname()));
        $line = $answer->getSecret() . "\n";
        if (@fwrite($key, $line) !== strlen($line) || !fsync($key)) {
            ftruncate($key, 0);
            $this->complain('install.key_lost', ['file' => $file]);
            return false;
        }
        $this->say('install.key', ['file' => $file]);
        return true;
    }
}
