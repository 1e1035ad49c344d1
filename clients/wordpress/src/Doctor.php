<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\Client\Exception\CognateException;
use Cognate\V1\GetPlatformRequest;
use Cognate\V1\PlatformKind;
use Cognate\V1\WhoAmIRequest;
use Cognate\WordPress\Files\Uploads;
use Cognate\WordPress\Store\Tables;
use Cognate\WordPress\Store\Transaction;

/** Looks for what keeps records from travelling, and says how to mend it. */
final class Doctor
{
    public const WELL = 'ok';
    public const ODD = 'look';
    public const ILL = 'mend';
    /** @var list<array{string, string, string}> how it is, what, and how to mend it */
    private array $findings = [];

    public function __construct(private readonly Plugin $plugin)
    {
    }

    /** @return list<array{string, string, string}> */
    public function examine(): array
    {
        $this->findings = [];
        foreach ([$this->php(...), $this->database(...), $this->models(...), $this->files(...), $this->work(...), $this->reach(...)] as $part) {
            try {
                $part();
            } catch (\Throwable $error) {
                $this->find(self::ILL, $error->getMessage(), 'mend this first');
            }
        }
        return $this->findings;
    }

    private function php(): void
    {
        extension_loaded('curl') || $this->find(self::ODD, 'the extension curl is not loaded; PHP\'s own streams are used', 'install it where that is possible');
        extension_loaded('protobuf') || $this->find(self::WELL, 'the extension protobuf is not loaded; messages are read by PHP itself, which is slower', '');
        is_multisite() && $this->find(self::ODD, 'this is a network of sites; only single sites are tested', 'activate the plugin on one site of it, not on the network');
    }

    private function database(): void
    {
        $missing = Tables::missing($this->plugin->database);
        $missing === [] || $this->find(self::ILL, 'there is no table ' . implode(', ', $missing), 'deactivate the plugin and activate it again; the database user needs the right to CREATE');
        $without = Transaction::without($this->plugin->database);
        $without === [] || $this->find(self::ILL, 'no transactions in ' . implode(', ', $without) . ': a worker that is killed can leave half a record, or make one twice', 'ALTER TABLE … ENGINE=InnoDB');
        $log = $this->plugin->database->get_row('SELECT @@log_bin AS log, @@binlog_format AS format');
        if ($log !== null && (int) $log->log === 1 && $log->format === 'STATEMENT') {
            $this->find(self::ILL, 'binlog_format is STATEMENT, with which READ COMMITTED cannot write', 'SET GLOBAL binlog_format = MIXED, and in the server\'s configuration');
        }
        if ($missing === []) {
            $count = $this->plugin->outbox->count();
            $count['refused'] === 0 || $this->find(self::ILL, "the hub has refused {$count['refused']} records", 'cognate status says why; then cognate retry');
            $this->find(self::WELL, "{$count['pending']} records wait to be sent", '');
        }
    }

    private function models(): void
    {
        $settings = $this->plugin->settings;
        foreach (array_filter($settings->list('post_types'), static fn (string $type): bool => !post_type_exists($type)) as $type) {
            $this->find(self::ODD, "the post type $type is chosen, and no plugin has registered it", 'activate its plugin, or take it out of the settings');
        }
        foreach (array_filter($settings->list('taxonomies'), static fn (string $taxonomy): bool => !taxonomy_exists($taxonomy)) as $taxonomy) {
            $this->find(self::ODD, "the taxonomy $taxonomy is chosen, and no plugin has registered it", 'activate its plugin, or take it out of the settings');
        }
        $actor = $settings->number('acting_user');
        if ($actor === 0 || !user_can($actor, 'unfiltered_html')) {
            $this->find(self::WELL, 'scripts and frames are taken out of what comes in: it is written in the name of nobody who may use them', '');
        }
        in_array('administrator', $settings->list('roles'), true) && $this->find(self::ODD, 'other platforms may make administrators here', 'take the role out of the settings unless that is meant');
        $this->find(self::WELL, count($this->plugin->kinds->all()) . ' models: ' . implode(', ', array_keys($this->plugin->kinds->all())), '');
    }

    private function files(): void
    {
        if ($this->plugin->kinds->ofPost('attachment') === null) {
            return;
        }
        is_writable(Uploads::directory()) || $this->find(self::ILL, 'the uploads cannot be written to by this user', 'give it the right, or run cron as the user of the web server');
        extension_loaded('gd') || extension_loaded('imagick') || $this->find(self::ODD, 'neither gd nor imagick is loaded: pictures get no smaller sizes', 'install one of them');
    }

    private function work(): void
    {
        $worked = $this->plugin->facts->get('worked');
        if ($worked === null || time() - (int) $worked > 600) {
            $since = $worked === null ? 'nothing has ever been sent or received' : 'the last work was ' . (time() - (int) $worked) . ' s ago';
            $this->find(self::ILL, $since, '* * * * * php ' . ABSPATH . 'wp-cron.php in the crontab of the web server\'s user');
        }
        $error = $this->plugin->facts->get('error');
        $error === null || $this->find(self::ODD, "the last work ended with: $error", '');
    }

    private function reach(): void
    {
        $copied = $this->plugin->home->obstacle();
        $copied === '' || $this->find(self::ILL, $copied, '');
        $hub = $this->plugin->hub;
        if ((new \WP_Http())->block_request($this->plugin->settings->text('address'))) {
            $this->find(self::ODD, 'WP_HTTP_BLOCK_EXTERNAL keeps the bytes of files from the hub', 'add its host to WP_ACCESSIBLE_HOSTS in wp-config.php');
        }
        $this->plugin->key->has() || $this->find(self::ILL, 'this site has no key', 'enrol it: an operator makes a token by cognate key enrol-token');
        try {
            $choice = $hub->client()->transportChoice();
            $who = $hub->client()->key()->whoAmI(new WhoAmIRequest())->getPrincipal();
            $this->find(self::WELL, "the hub is reached by $choice->name" . ($who === null ? '' : " as {$who->getName()}"), '');
            $platform = preg_replace('#^platforms/#', '', (string) $who?->getPlatform());
            $platform === '' || $platform === $hub->platform() || $this->find(self::ILL, "the key is that of $platform, and this site is {$hub->platform()}", 'enrol it anew');
            $there = $hub->client()->platformRegistry()->getPlatform(new GetPlatformRequest(['name' => 'platforms/' . $hub->platform()]))->getPlatform();
            if ($there !== null && $there->getKind() !== PlatformKind::PLATFORM_KIND_AGENT) {
                $this->find(self::ILL, "{$hub->platform()} is no agent at the hub", "an operator makes one: cognate platform create {$hub->platform()} --agent --pull");
            }
            $there?->getLock() === null || $this->find(self::ODD, 'the platform is locked at the hub', 'nothing is received until an operator unlocks it');
        } catch (CognateException $error) {
            $this->find(self::ILL, "the hub: {$error->getMessage()}", 'check the address, the key, and that this machine may connect there');
        }
    }

    private function find(string $state, string $what, string $mend): void
    {
        $this->findings[] = [$state, $what, $mend];
    }
}
