<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

/** Two applications, one on SQLite (or another database) and one on PostgreSQL, whose records are kept the same both ways. */
final class Pair
{
    private const FIELDS = [
        'users' => ['name', 'email', 'active', 'settings'],
        'posts' => ['user_id', 'title', 'body', 'price', 'published_at'],
        'tags' => ['name'],
        'post_tag' => ['post_id', 'tag_id', 'position'],
        'sessions' => ['id', 'user_id', 'agent'],
        'devices' => ['owner_type', 'owner_id', 'name'],
    ];
    private const NATURAL_KEYS = ['users' => ['email'], 'tags' => ['name'], 'sessions' => ['id'], 'post_tag' => ['post_id', 'tag_id']];

    public readonly HubProcess $hub;
    public readonly Site $shop;
    public readonly Site $blog;

    /**
     * @param HubProcess|null $databases whose PostgreSQL the second one uses; default: the hub's own
     * @param array<string, mixed>|null $first the first one's database, for Eloquent; default: a SQLite
     */
    public function __construct(?HubProcess $hub = null, ?HubProcess $databases = null, ?array $first = null)
    {
        $this->hub = $hub ?? new HubProcess();
        $this->hub->start();
        $address = ['address' => $this->hub->socket];
        foreach (['shop', 'blog'] as $platform) {
            $this->hub->cognate('platform', 'create', $platform, '--agent', '--pull', '--retry', '1s');
        }
        $home = $this->hub->directory . '/sites';
        mkdir($home);
        touch("$home/shop.sqlite");
        $sqlite = ['driver' => 'sqlite', 'database' => "$home/shop.sqlite", 'foreign_key_constraints' => true, 'busy_timeout' => 5000];
        $this->shop = new Site('shop', $home, $first ?? $sqlite, $address);
        foreach ($first === null ? ['journal_mode = wal', 'busy_timeout = 10000', 'synchronous = normal'] : [] as $setting) {
            $this->shop->database()->statement("PRAGMA $setting");
        }
        $this->blog = new Site('blog', $home, ($databases ?? $this->hub)->database('blog'), $address, [], 5001);
        $this->addSyncs();
    }

    /** `socket`, or with keys `tcp` or `connect`. */
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

    private function addSyncs(): void
    {
        foreach ([$this->shop, $this->blog] as $site) {
            $site->run('cognate:models', '--tell');
        }
        $syncs = [];
        foreach ([['shop', 'blog'], ['blog', 'shop']] as [$from, $to]) {
            foreach (self::FIELDS as $model => $fields) {
                $lines = [
                    'name: syncs/' . str_replace('_', '-', $model) . "-$from-$to", "source_platform: $from", "source_model: $model",
                    "target_platform: $to", "target_model: $model",
                ];
                if (isset(self::NATURAL_KEYS[$model])) {
                    $lines[] = 'natural_keys: [{fields: [' . implode(', ', self::NATURAL_KEYS[$model]) . ']}]';
                }
                if ($model === 'devices') {
                    $lines[] = 'transforms:';
                    $lines[] = '  - {reference: {field: owner_id, source_model: users}, when: owner_type = "user"}';
                    $lines[] = '  - {reference: {field: owner_id, source_model: posts}, when: owner_type != "user"}';
                }
                $lines[] = 'fields:';
                foreach ($fields as $field) {
                    $lines[] = "  - {source: $field, target: $field}";
                }
                $syncs[] = implode("\n", $lines) . "\n";
            }
        }
        file_put_contents("{$this->hub->directory}/syncs.yaml", implode("---\n", $syncs));
        $this->hub->cognate('sync', 'apply', "{$this->hub->directory}/syncs.yaml");
    }

    /** Until nothing is under way any more, and both sides hold the same. Workers are run, one after the other, as cron would. */
    public function settle(): void
    {
        Eventually::is(function (): bool {
            $this->shop->run('cognate:work', '--max-seconds=0.4', '--idle=0.1');
            $this->blog->run('cognate:work', '--max-seconds=0.4', '--idle=0.1');
            return $this->isEqual();
        }, 'both sides hold the same', fn (): string => $this->difference());
    }

    public function isEqual(): bool
    {
        return $this->shop->pending() === 0 && $this->blog->pending() === 0 && $this->shop->content() == $this->blog->content();
    }

    public function difference(): string
    {
        $shop = $this->shop->content();
        $blog = $this->blog->content();
        $lines = ["pending: shop {$this->shop->pending()}, blog {$this->blog->pending()}"];
        foreach ($shop as $table => $rows) {
            $here = array_map('json_encode', $rows);
            $there = array_map('json_encode', $blog[$table]);
            foreach (array_diff($here, $there) as $row) {
                $lines[] = "only shop, $table: $row";
            }
            foreach (array_diff($there, $here) as $row) {
                $lines[] = "only blog, $table: $row";
            }
        }
        return implode("\n", array_slice($lines, 0, 30)) . "\n" . $this->hub->cognate('troubles', 'list');
    }
}
