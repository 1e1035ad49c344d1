<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

use Cognate\Tests\Laravel\Models\Author;
use Illuminate\Database\Schema\Blueprint;

/** Two applications with authors, their avatars, pictures and scans, each on disks of its own, kept the same both ways. */
final class FilePair
{
    public readonly HubProcess $hub;
    public readonly Site $shop;
    public readonly Site $blog;
    /** @var array<string, string> of files as they stood */
    private array $hashes = [];

    public function __construct()
    {
        $this->hub = new HubProcess(['blog'], ['--listen=SOCKET,127.0.0.1:0', '--plaintext']);
        $this->hub->start();
        foreach (['shop', 'blog'] as $platform) {
            $this->hub->cognate('platform', 'create', $platform, '--agent', '--pull', '--retry', '1s');
        }
        $home = $this->hub->directory . '/sites';
        mkdir($home);
        touch("$home/shop.sqlite");
        $this->shop = $this->site('shop', $home, ['driver' => 'sqlite', 'database' => "$home/shop.sqlite", 'busy_timeout' => 5000], 1);
        foreach (['journal_mode = wal', 'busy_timeout = 10000', 'synchronous = normal'] as $setting) {
            $this->shop->database()->statement("PRAGMA $setting");
        }
        $this->blog = $this->site('blog', $home, $this->hub->database('blog'), 5001);
        foreach ([$this->shop, $this->blog] as $site) {
            $site->run('cognate:models', '--tell');
        }
        $this->addSyncs();
    }

    /** @param array<string, mixed> $database */
    private function site(string $platform, string $home, array $database, int $firstId): Site
    {
        $disks = [
            'public' => ['driver' => 'local', 'root' => "$home/$platform/public"],
            'private' => ['driver' => 'local', 'root' => "$home/$platform/private", 'visibility' => 'private'],
            'local' => ['driver' => 'local', 'root' => "$home/$platform/local"],
        ];
        $site = new Site($platform, $home, $database, ['address' => $this->hub->socket], ['models' => [Author::class]], 0, ['filesystems' => ['disks' => $disks]]);
        $site->database()->getSchemaBuilder()->create('authors', static function (Blueprint $table): void {
            $table->id();
            $table->string('name', 100);
            $table->string('avatar', 200)->nullable();
            $table->text('pictures')->nullable();
            $table->string('scan', 200)->nullable();
        });
        $site->app->makeTables();
        if ($firstId > 1) {
            $site->database()->statement("ALTER SEQUENCE authors_id_seq RESTART WITH $firstId");
        }
        return $site;
    }

    private function addSyncs(): void
    {
        $syncs = [];
        foreach ([['shop', 'blog'], ['blog', 'shop']] as [$from, $to]) {
            $syncs[] = <<<YAML
                name: syncs/authors-$from-$to
                source_platform: $from
                source_model: authors
                target_platform: $to
                target_model: authors
                fields:
                  - {source: name, target: name}
                  - {source: avatar, target: avatar, file: {directory: avatars}}
                  - {source: pictures, target: pictures, file: {}}
                  - {source: scan, target: scan, file: {directory: scan}}

                YAML;
        }
        file_put_contents("{$this->hub->directory}/files.yaml", implode("---\n", $syncs));
        $this->hub->cognate('sync', 'apply', "{$this->hub->directory}/files.yaml");
    }

    /** `socket`, `tcp` or `connect`. */
    public function reachBy(string $transport): void
    {
        foreach ([$this->shop, $this->blog] as $site) {
            $key = "{$this->hub->directory}/$site->platform.key";
            if ($transport !== 'socket' && !is_file($key)) {
                $this->hub->cognate('key', 'create', '--role', 'platform', '--platform', $site->platform, '--display-name', $site->platform, '--out', $key);
            }
            $site->reach($transport === 'socket'
                ? ['address' => $this->hub->socket]
                : ['address' => $this->hub->address($transport), 'key_file' => $key, 'transport' => $transport === 'tcp' ? 'grpc' : 'connect']);
        }
    }

    public function root(Site $site, string $disk = 'public'): string
    {
        return "{$this->hub->directory}/sites/$site->platform/$disk";
    }

    /** Puts a file there as the application would. */
    public function put(Site $site, string $path, string $content, string $disk = 'public'): string
    {
        $file = $this->root($site, $disk) . "/$path";
        is_dir(dirname($file)) || mkdir(dirname($file), 0755, true);
        file_put_contents($file, $content);
        return $path;
    }

    /** A picture that is one, of so many bytes. */
    public static function png(string $seed, int $bytes = 200): string
    {
        $tiny = base64_decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==');
        $noise = '';
        for ($i = 0; strlen($noise) < $bytes; $i++) {
            $noise .= hash('sha512', "$seed $i", true);
        }
        return $tiny . substr($noise, 0, max(0, $bytes - strlen($tiny)));
    }

    /**
     * What a site has: contents in the place of paths.
     *
     * @return array<string, array{avatar: string|null, pictures: list<string>, scan: string|null}> by name of the author
     */
    public function content(Site $site): array
    {
        $content = [];
        foreach ($site->database()->table('authors')->orderBy('name')->get() as $row) {
            $of = fn (?string $path, string $disk): ?string => $path === null ? null : $this->shown($this->root($site, $disk) . "/$path");
            $content[$row->name] = [
                'avatar' => $of($row->avatar, 'public'),
                'pictures' => array_map(static fn (string $path): ?string => $of($path, 'public'), json_decode($row->pictures ?? '[]', true)),
                'scan' => $of($row->scan, 'private'),
            ];
        }
        return $content;
    }

    private function shown(string $file): string
    {
        clearstatcache(true, $file);
        $stat = @stat($file);
        if ($stat === false) {
            return "nothing at $file";
        }
        $key = "$file {$stat['ino']} {$stat['size']} {$stat['mtime']}";
        return $this->hashes[$key] ??= $stat['size'] . ' ' . hash_file('sha256', $file);
    }

    /** Files that are not whole, or are nobody's: drafts. @return list<string> */
    public function drafts(): array
    {
        $found = [];
        foreach ([$this->shop, $this->blog] as $site) {
            $directory = "{$this->hub->directory}/sites/$site->platform";
            if (is_dir($directory)) {
                foreach (new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator($directory, \FilesystemIterator::SKIP_DOTS)) as $file) {
                    if (str_contains($file->getFilename(), 'draft')) {
                        $found[] = $file->getPathname();
                    }
                }
            }
        }
        return $found;
    }

    /** Files in their places that are not what their names say. @return list<string> */
    public function partial(): array
    {
        $found = [];
        foreach ([$this->shop, $this->blog] as $site) {
            foreach (glob($this->root($site) . '/avatars/*') ?: [] as $file) {
                if (preg_match('/-([0-9a-f]{24})\.png$/', $file, $hash) === 1 && !str_starts_with((string) hash_file('sha256', $file), $hash[1])) {
                    $found[] = $file;
                }
            }
        }
        return $found;
    }

    /** Workers of both sides run until it is so. */
    public function until(\Closure $condition, string $what): void
    {
        $workers = array_map(static fn (Site $site) => $site->start('cognate:work', '--max-seconds=600', '--idle=0.1'), [$this->shop, $this->blog]);
        try {
            Eventually::is($condition, $what, fn (): string => $this->difference());
        } finally {
            foreach ($workers as $worker) {
                proc_terminate($worker);
            }
            foreach ($workers as $worker) {
                proc_close($worker);
            }
        }
    }

    public function settle(): void
    {
        $this->until(fn (): bool => $this->shop->pending() + $this->blog->pending() === 0 && $this->content($this->shop) === $this->content($this->blog) && $this->drafts() === [], 'both sides have the same files');
    }

    public function difference(): string
    {
        $waits = static fn (Site $site): string => (string) json_encode($site->database()->table('cognate_file_waits')->get(), JSON_UNESCAPED_SLASHES);
        return json_encode(['shop' => $this->content($this->shop), 'blog' => $this->content($this->blog), 'drafts' => $this->drafts()], JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES)
            . $waits($this->shop) . $waits($this->blog) . $this->hub->cognate('troubles', 'list') . $this->hub->cognate('file', 'placements', 'shop') . $this->hub->cognate('file', 'placements', 'blog')
            . $this->shop->log() . $this->blog->log();
    }
}
