<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\WordPress\Files\Fetcher;
use Cognate\WordPress\Files\FileIndex;
use Cognate\WordPress\Files\FileOwners;
use Cognate\WordPress\Files\Placer;
use Cognate\WordPress\Files\Uploader;
use Cognate\WordPress\Kinds\Kinds;
use Cognate\WordPress\Store\Facts;
use Cognate\WordPress\Store\Inbox;
use Cognate\WordPress\Store\Outbox;
use Cognate\WordPress\Store\Tables;
use Cognate\WordPress\Store\Transaction;
use Cognate\WordPress\Store\WorkerLock;

/** The parts, put together once for each request, and their places in WordPress. */
final class Plugin
{
    public const CRON = 'cognate_work';
    private const SOON = 'cognate_soon';
    private const COMPARE = 'cognate_compare';
    private static ?self $instance = null;

    public readonly Settings $settings;
    public readonly Facts $facts;
    public readonly KeyStore $key;
    public readonly Hub $hub;
    public readonly Outbox $outbox;
    public readonly Inbox $inbox;
    public readonly Kinds $kinds;
    public readonly Capture $capture;
    public readonly Catalogue $catalogue;
    public readonly Applier $applier;
    public readonly Sender $sender;
    public readonly Worker $worker;
    public readonly WorkerLock $lock;
    public readonly Comparison $comparison;
    public readonly Home $home;

    private function __construct(public readonly \wpdb $database)
    {
        $this->settings = new Settings();
        $this->facts = new Facts($database);
        $this->key = new KeyStore($this->facts, $this->settings);
        $this->hub = new Hub($this->settings, $this->key);
        $this->outbox = new Outbox($database);
        $this->inbox = new Inbox($database);
        $index = new FileIndex($database);
        $this->kinds = new Kinds($database, $this->settings, $index);
        $this->capture = new Capture($this->outbox, $database);
        $this->catalogue = new Catalogue($this->kinds, $this->hub, $this->facts);
        $caches = new Caches();
        $writer = new RecordWriter($this->inbox, $this->outbox, new FirstContact($this->inbox), $this->capture);
        $this->applier = new Applier($this->kinds, $writer, $this->capture, new Transaction($database), new Actor($this->settings), $caches);
        $uploader = new Uploader($this->hub, $index, $this->facts);
        $this->sender = new Sender($this->hub, $this->outbox, $this->inbox, $this->kinds, $uploader, $caches);
        $receiver = new Receiver($this->hub, $this->applier, $this->inbox, $this->settings);
        $owners = new FileOwners($database, $this->kinds, $this->inbox, $this->capture);
        $fetcher = new Fetcher($this->hub, $index, new Placer(), $uploader, $owners, $this->facts);
        $this->lock = new WorkerLock($database);
        $this->home = new Home($this->facts);
        $this->worker = new Worker($this->sender, $receiver, $fetcher, $uploader, $this->catalogue, $this->kinds, $this->capture, $this->facts, $this->lock, $this->home);
        $this->comparison = new Comparison($this->kinds, $this->outbox, $this->inbox, $this->facts, $caches);
    }

    public static function instance(): self
    {
        global $wpdb;
        return self::$instance ??= new self($wpdb);
    }

    public function start(string $file): void
    {
        register_activation_hook($file, $this->activate(...));
        register_deactivation_hook($file, static function (): void {
            array_map('wp_clear_scheduled_hook', [self::CRON, self::SOON, self::COMPARE]);
        });
        add_filter('cron_schedules', static fn (array $schedules): array => $schedules + ['cognate_minute' => ['interval' => 60, 'display' => 'Every minute']]);
        add_action(self::CRON, $this->work(...));
        add_action(self::SOON, $this->work(...));
        add_action(self::COMPARE, fn () => $this->comparison->begin());
        add_action('init', function (): void {
            Tables::makeIfOld($this->database);
            $this->schedule();
        });
        (new Hooks($this->capture, $this->kinds, $this->database, $this->settings))->listen();
        add_action('shutdown', $this->endOfRequest(...), PHP_INT_MAX);
        if (is_admin()) {
            (new Admin\SettingsPage($this))->register($file);
        }
        if (defined('WP_CLI') && WP_CLI) {
            \WP_CLI::add_command('cognate', new Console\WpCliCommand(new Console\Commands($this)));
        }
    }

    private function activate(): void
    {
        Tables::make($this->database);
        $this->schedule();
    }

    private function schedule(): void
    {
        foreach ($this->settings->isReady() ? [self::CRON => 'cognate_minute', self::COMPARE => 'daily'] : [] as $event => $every) {
            wp_next_scheduled($event) === false && wp_schedule_event(time() + ($every === 'daily' ? DAY_IN_SECONDS : 0), $every, $event);
        }
    }

    /** One turn of cron. */
    private function work(): void
    {
        if (!$this->settings->isReady()) {
            return;
        }
        $seconds = (float) max(1, $this->settings->number('work_seconds'));
        $limit = (int) ini_get('max_execution_time');
        $seconds = $limit > 0 ? min($seconds, max(1.0, $limit / 2)) : $seconds;
        try {
            $this->comparison->work($seconds / 2);
            $this->worker->work($this->comparison->isUnderWay() ? $seconds / 2 : $seconds);
        } catch (\Throwable $error) {
            error_log('cognate: ' . $error->getMessage());
        }
    }

    /** What was changed is sent once the visitor has the answer, where PHP can do so; else cron is told to come soon. */
    private function endOfRequest(): void
    {
        if (!$this->capture->release() || !$this->settings->isReady() || $this->settings->text('send') === 'cron' || wp_doing_cron() || PHP_SAPI === 'cli') {
            return;
        }
        $finish = array_values(array_filter(['fastcgi_finish_request', 'litespeed_finish_request'], 'function_exists'))[0] ?? null;
        try {
            if ($finish !== null && $this->facts->get('error') === null) {
                // While the hub is away this is cron's: visitors' processes do not wait for it.
                $finish();
                $this->worker->send(2.0);
            } elseif (wp_next_scheduled(self::SOON) === false) {
                wp_schedule_single_event(time(), self::SOON);
            }
        } catch (\Throwable $error) {
            error_log('cognate: changes were not sent at the end of the request; cron sends them: ' . $error->getMessage());
        }
    }
}
