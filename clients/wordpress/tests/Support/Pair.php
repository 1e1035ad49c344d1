<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress\Support;

use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\Laravel\Support\HubProcess;

/** Two sites, with ids and table prefixes of their own, whose records are kept the same both ways by a hub. */
final class Pair
{
    private const FIELDS = [
        'user' => ['user_login', 'user_email', 'display_name', 'user_url', 'first_name', 'last_name', 'description', 'meta_badge'],
        'term.category' => ['name', 'slug', 'description', 'parent'],
        'term.post_tag' => ['name', 'slug', 'description'],
        'post.attachment' => ['post_title', 'post_excerpt', 'alt', 'post_author'],
        'post.page' => ['post_title', 'post_content', 'post_excerpt', 'post_status', 'post_name', 'post_date_gmt', 'menu_order', 'post_author', 'post_parent'],
        'post.post' => ['post_title', 'post_content', 'post_excerpt', 'post_status', 'post_name', 'post_date_gmt', 'menu_order', 'post_author', 'featured_image', 'terms_category', 'terms_post_tag',
            'meta_layout', 'meta_gallery', 'meta_colour'],
    ];
    private const NATURAL_KEYS = ['user' => 'user_login', 'term.category' => 'slug', 'term.post_tag' => 'slug', 'post.page' => 'post_name', 'post.post' => 'post_name'];
    private const LISTS = ['terms_category' => 'term.category', 'terms_post_tag' => 'term.post_tag', 'meta_gallery' => 'post.attachment'];
    public const SETTINGS = [
        'post_meta' => ['layout: json', 'gallery: attachments', 'colour: list'], 'user_meta' => ['badge'],
        // What a killed worker has fetched comes again after so long.
        'lease_seconds' => 3, 'acting_user' => 1,
    ];

    private static ?self $shared = null;
    public readonly HubProcess $hub;
    public readonly WordPress $wordPress;
    public readonly Site $alpha;
    public readonly Site $beta;

    /** One for all tests of a process: each goes on with what the one before has left. */
    public static function shared(): self
    {
        return self::$shared ??= new self();
    }

    private function __construct()
    {
        $this->hub = new HubProcess(['articles'], ['--http=127.0.0.1:0']);
        $this->hub->start();
        $home = $this->hub->directory . '/sites';
        mkdir($home);
        $this->wordPress = new WordPress($home);
        $this->alpha = new Site('alpha', $this->wordPress, 'wp_');
        $this->beta = new Site('beta', $this->wordPress, 'b2_');
        // Ids that are nobody's on the other side.
        foreach (['posts', 'users', 'terms', 'term_taxonomy'] as $table) {
            $this->beta->database->exec("ALTER TABLE {$this->beta->prefix}$table AUTO_INCREMENT = 5001");
        }
        foreach ([$this->alpha, $this->beta] as $site) {
            $this->enrol($site);
            $site->settings(self::SETTINGS);
            $site->cognate('work', '--seconds=0');
        }
        $this->addSyncs();
        foreach ([$this->alpha, $this->beta] as $site) {
            $site->cognate('push', '--all');
        }
    }

    public function enrol(Site $site): void
    {
        $token = "{$this->wordPress->home}/$site->name.token";
        $this->hub->cognate('platform', 'create', $site->name, '--agent', '--pull', '--retry', '1s');
        $this->hub->cognate('key', 'enrol-token', $site->name, '--out', $token);
        $said = $site->cognate('enrol', '--address=' . $this->hub->address('connect'), "--token-file=$token");
        if (!str_contains($said, "platform $site->name")) {
            throw new \RuntimeException($said . $site->log());
        }
    }

    private function addSyncs(): void
    {
        $syncs = [];
        foreach ([['alpha', 'beta'], ['beta', 'alpha']] as [$from, $to]) {
            foreach (self::FIELDS as $model => $fields) {
                $syncs[] = self::sync($from, $to, $model, $fields);
            }
        }
        file_put_contents("{$this->hub->directory}/syncs.yaml", implode("---\n", $syncs));
        $this->hub->cognate('sync', 'apply', "{$this->hub->directory}/syncs.yaml");
    }

    /** @param list<string> $fields */
    private static function sync(string $from, string $to, string $model, array $fields): string
    {
        $name = str_replace(['.', '_'], '-', $model);
        $lines = ["name: syncs/$name-$from-$to", "source_platform: $from", "source_model: $model", "target_platform: $to", "target_model: $model"];
        if (isset(self::NATURAL_KEYS[$model])) {
            $lines[] = 'natural_keys: [{fields: [' . self::NATURAL_KEYS[$model] . ']}]';
        }
        $lists = array_intersect_key(self::LISTS, array_flip($fields));
        $lists === [] || $lines[] = 'transforms:';
        foreach ($lists as $field => $other) {
            $lines[] = "  - reference: {field: $field, path: \"[*]\", source_model: $other}";
        }
        $lines[] = 'fields:';
        foreach ($fields as $field) {
            $lines[] = "  - {source: $field, target: $field}";
        }
        if ($model === 'post.attachment') {
            array_push($lines, '  - source: file', '    target: file', '    file: {directory: cognate}');
        }
        return implode("\n", $lines) . "\n";
    }

    /** Until nothing is under way any more, and both sites hold the same. Workers are run on both, as cron would. */
    public function settle(): void
    {
        Eventually::is(function (): bool {
            $workers = [$this->alpha->begin('work', '--seconds=1', '--idle=0.2'), $this->beta->begin('work', '--seconds=1', '--idle=0.2')];
            array_map(Site::ended(...), $workers);
            return $this->isEqual();
        }, 'both sites hold the same', fn (): string => $this->difference());
    }

    public function isEqual(): bool
    {
        return $this->alpha->pending() === 0 && $this->beta->pending() === 0 && Content::of($this->alpha) === Content::of($this->beta);
    }

    public function difference(): string
    {
        $lines = ["pending: alpha {$this->alpha->pending()}, beta {$this->beta->pending()}"];
        $there = Content::of($this->beta);
        foreach (Content::of($this->alpha) as $kind => $rows) {
            [$one, $other] = [array_map('json_encode', $rows), array_map('json_encode', $there[$kind])];
            foreach (['alpha' => array_diff($one, $other), 'beta' => array_diff($other, $one)] as $name => $only) {
                foreach ($only as $row) {
                    $lines[] = "only $name, $kind: $row";
                }
            }
        }
        return implode("\n", array_slice($lines, 0, 30)) . "\n" . $this->hub->cognate('troubles', 'list') . $this->alpha->log() . $this->beta->log();
    }

    /** Somebody writes on a site. @return array<string, list<string>> what is to be there, by name */
    public function write(Site $site, int $seed, int $writes): array
    {
        return $site->php("return require '" . __DIR__ . "/writer.php';", ['WRITER' => "$seed $writes"]);
    }

    /** How a site stands beside what was made on both. @param list<array<string, list<string>>> $made @return array{lost: int, doubled: int, differing: int} */
    public function account(array $made): array
    {
        $names = ['users' => 'user_login', 'posts' => 'post_title', 'terms' => 'name', 'attachments' => 'post_title'];
        $lost = $doubled = $differing = 0;
        $contents = [Content::of($this->alpha), Content::of($this->beta)];
        foreach ($names as $kind => $name) {
            foreach ($contents as $content) {
                $counts = array_count_values(array_column($content[$kind], $name));
                foreach (array_merge(...array_column($made, $kind)) as $wanted) {
                    $lost += isset($counts[$wanted]) ? 0 : 1;
                }
                $doubled += array_sum($counts) - count($counts);
            }
            [$one, $other] = [array_map('json_encode', $contents[0][$kind]), array_map('json_encode', $contents[1][$kind])];
            $differing += count(array_diff($one, $other)) + count(array_diff($other, $one));
        }
        return ['lost' => $lost, 'doubled' => $doubled, 'differing' => $differing];
    }
}
