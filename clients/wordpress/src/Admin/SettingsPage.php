<?php

declare(strict_types=1);

namespace Cognate\WordPress\Admin;

use Cognate\WordPress\Plugin;

/** Settings > Cognate. The forms are in SettingsForm; here is what they do. */
final class SettingsPage
{
    public const PAGE = 'cognate';
    private const ACTIONS = ['enrol', 'save', 'compare', 'retry'];
    private const NOTICE = 'cognate_notice_';

    public function __construct(private readonly Plugin $plugin)
    {
    }

    public function register(string $file): void
    {
        add_action('admin_menu', function (): void {
            add_options_page('Cognate', 'Cognate', 'manage_options', self::PAGE, $this->show(...));
        });
        add_filter('plugin_action_links_' . plugin_basename($file), static fn (array $links): array => ['<a href="' . esc_url(admin_url('options-general.php?page=' . self::PAGE)) . '">Settings</a>', ...$links]);
        foreach (self::ACTIONS as $action) {
            add_action("admin_post_cognate_$action", fn () => $this->act($action));
        }
    }

    private function show(): void
    {
        if (!current_user_can('manage_options')) {
            wp_die(esc_html('You may not manage this site.'), '', ['response' => 403]);
        }
        $notice = get_transient(self::NOTICE . get_current_user_id());
        delete_transient(self::NOTICE . get_current_user_id());
        (new SettingsForm($this->plugin))->render(is_array($notice) ? $notice : null);
    }

    private function act(string $action): void
    {
        if (!current_user_can('manage_options')) {
            wp_die(esc_html('You may not manage this site.'), '', ['response' => 403]);
        }
        check_admin_referer("cognate_$action");
        try {
            $said = match ($action) {
                'enrol' => $this->enrol(),
                'save' => $this->save(),
                'compare' => $this->compare(),
                default => $this->plugin->outbox->retry() . ' records are sent again with the next turn of cron.',
            };
            $notice = ['success', $said];
        } catch (\Throwable $error) {
            $notice = ['error', $error->getMessage()];
        }
        set_transient(self::NOTICE . get_current_user_id(), $notice, 300);
        wp_safe_redirect(admin_url('options-general.php?page=' . self::PAGE));
        exit;
    }

    private function enrol(): string
    {
        $keyFile = self::posted('key_file');
        $this->plugin->settings->save(['address' => self::posted('address'), 'ca_file' => self::posted('ca_file'), 'key_file' => $keyFile, 'plaintext' => self::posted('plaintext') !== '']);
        $this->plugin->hub->forget();
        $token = self::posted('token');
        if ($token !== '') {
            $platform = $this->plugin->hub->enrol($token, (string) wp_parse_url(home_url(), PHP_URL_HOST));
        } else {
            $platform = self::posted('platform') !== '' ? self::posted('platform') : $this->plugin->settings->text('platform');
        }
        // Whoever enrols the site answers for what comes in: it is written with the rights of that user.
        $this->plugin->settings->save(['platform' => $platform] + ($this->plugin->settings->number('acting_user') === 0 ? ['acting_user' => get_current_user_id()] : []));
        $this->plugin->catalogue->forget();
        $this->plugin->home->remember();
        return "This site is the platform $platform.";
    }

    private function save(): string
    {
        $values = [];
        foreach (['post_types', 'statuses', 'taxonomies', 'roles'] as $name) {
            $values[$name] = self::chosen($name);
        }
        foreach (['options', 'post_meta', 'user_meta', 'term_meta'] as $name) {
            $values[$name] = self::lines($name);
        }
        foreach (['users', 'comments', 'passwords', 'administrators'] as $name) {
            $values[$name] = self::posted($name) !== '';
        }
        $values['new_user_role'] = get_role(self::posted('new_user_role')) === null ? 'subscriber' : self::posted('new_user_role');
        $values['acting_user'] = absint(self::posted('acting_user'));
        $values['on_delete'] = self::posted('on_delete') === 'delete' ? 'delete' : 'trash';
        $values['send'] = self::posted('send') === 'cron' ? 'cron' : 'auto';
        $values['work_seconds'] = min(300, max(1, absint(self::posted('work_seconds'))));
        $this->plugin->settings->save($values);
        $this->plugin->kinds->forget();
        return 'Saved. The hub is told with the next turn of cron.';
    }

    private function compare(): string
    {
        $this->plugin->comparison->begin();
        return 'All records are compared with what was sent, and what differs is sent, with the next turns of cron.';
    }

    private static function posted(string $name): string
    {
        // phpcs:ignore WordPress.Security.NonceVerification -- act() has looked at the nonce.
        $value = $_POST[$name] ?? '';
        return is_string($value) ? trim(sanitize_text_field(wp_unslash($value))) : '';
    }

    /** @return list<string> */
    private static function chosen(string $name): array
    {
        // phpcs:ignore WordPress.Security.NonceVerification -- act() has looked at the nonce.
        $value = $_POST[$name] ?? [];
        return is_array($value) ? array_values(array_map(static fn (mixed $one): string => sanitize_key(is_string($one) ? wp_unslash($one) : ''), $value)) : [];
    }

    /** @return list<string> */
    private static function lines(string $name): array
    {
        // phpcs:ignore WordPress.Security.NonceVerification -- act() has looked at the nonce.
        $value = $_POST[$name] ?? '';
        $lines = preg_split('/\R/', is_string($value) ? sanitize_textarea_field(wp_unslash($value)) : '') ?: [];
        return array_values(array_filter(array_map('trim', $lines), static fn (string $line): bool => $line !== ''));
    }
}
